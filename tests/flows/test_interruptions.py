"""Every flow, at every step, with every interruption: nothing is lost, nothing is done twice, nobody is stuck."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest
from _pytest.mark import ParameterSet

import tests.world
from core import rules
from core.tables import AccountRequest, Conversation, FollowUp, Ticket
from knowledge.library import FlowWording, Library
from tests.channels.chats import TelegramChat, TerminalChat
from tests.channels.web_chat import WebChat
from tests.flows.paths import PATHS, Path
from tests.telegram_server import TelegramServer
from tests.world import Chat, Press, Wait, World, converse

QUESTION = "What may a CERS username look like?"
EVERY_STEP = [(path, step) for path in PATHS.values() for step in range(path.opening, len(path.pairs))]
ONE_STEP = [(path, (path.opening + len(path.pairs)) // 2) for path in PATHS.values()]
BY_TELEGRAM = ("reset_password", "person")


def walks() -> Iterator[ParameterSet]:
    """Yield what to walk where: every step at the dialogue, one of each flow in the terminal and on the web, few by
    Telegram.

    `make prove` walks every step by every channel.
    """
    for channel in ("dialogue", "terminal", "web", "telegram"):
        for path, step in EVERY_STEP:
            one = (path, step) in ONE_STEP and (channel != "telegram" or path.name in BY_TELEGRAM)
            quick = channel == "dialogue" or one
            marks = () if quick else (pytest.mark.prove,)
            yield pytest.param(channel, path, step, id=f"{channel}-{path.name}-{step}", marks=marks)


at_every_step = pytest.mark.parametrize(("channel", "path", "step"), list(walks()))
by_every_channel = pytest.mark.parametrize("channel", ["dialogue", "terminal", "web", "telegram"])


@pytest.fixture
async def chat(channel: str, world: World) -> AsyncIterator[Chat]:
    """Return somebody who talks by the channel of the test."""
    if channel == "telegram":
        async with TelegramServer(quiet=0.05) as server:
            yield TelegramChat(world, server)
    else:
        yield {"terminal": TerminalChat, "web": WebChat, "dialogue": Chat}[channel](world)


def assert_done(world: World, path: Path) -> None:
    """Assert that the path left its rows, once."""
    for table, count in path.leaves:
        assert len(world.rows(table)) == count, table


def done(world: World) -> tuple[int, int, int]:
    """Return how much was promised and asked for, codes apart."""
    requests = [row for row in world.rows(AccountRequest) if row.kind != "send_code"]
    return len(world.rows(Ticket)), len(world.rows(FollowUp)), len(requests)


@by_every_channel
@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
async def test_the_path_without_interruption(world: World, chat: Chat, path: Path) -> None:
    await converse(chat, path.pairs)
    assert_done(world, path)


@at_every_step
async def test_a_question_is_answered_and_the_open_one_asked_again(
    world: World, chat: Chat, path: Path, step: int
) -> None:
    await converse(chat, path.pairs[:step])
    await converse(chat, [(QUESTION, ("5 to 16", "[Cancel]")), *path.pairs[step:]])
    assert_done(world, path)


@at_every_step
async def test_another_action_is_stacked_and_the_first_comes_back(
    world: World, chat: Chat, path: Path, step: int
) -> None:
    other = ("recover my username" if path.name == "person" else "/person", "[Cancel]")
    await converse(
        chat,
        [
            *path.pairs[:step],
            other,
            ("cancel", ("Cancelled", f"Back to: **{path.title}**")),
            *path.pairs[step:],
        ],
    )
    assert_done(world, path)


@at_every_step
async def test_back_asks_the_question_before(world: World, chat: Chat, path: Path, step: int) -> None:
    await converse(chat, path.pairs[:step])
    before = done(world)
    await converse(chat, [("go back", lambda heard: "[Cancel]" in heard)])
    assert done(world) == before
    await converse(chat, [("start over", path.pairs[path.opening - 1][1]), *path.pairs[path.opening :]])


@at_every_step
async def test_cancel_ends_it_and_nothing_is_done(world: World, chat: Chat, path: Path, step: int) -> None:
    await converse(chat, path.pairs[:step])
    before = done(world)
    await converse(chat, [(Press("Cancel"), f"Cancelled: {path.title}"), ("cancel", "There is nothing open")])
    assert done(world) == before


@at_every_step
async def test_start_over_asks_from_the_top(world: World, chat: Chat, path: Path, step: int) -> None:
    await converse(
        chat, [*path.pairs[:step], ("start over", path.pairs[path.opening - 1][1]), *path.pairs[path.opening :]]
    )


@at_every_step
async def test_silence_puts_it_away_with_a_sentence(world: World, chat: Chat, path: Path, step: int) -> None:
    await converse(
        chat,
        [
            *path.pairs[:step],
            (Wait(rules.FLOW_EXPIRES_HOURS * 60 + 1), lambda heard: heard == ""),
            (QUESTION, (path.title, "put away", "5 to 16")),
            *path.pairs,
        ],
    )


@at_every_step
async def test_a_person_can_be_asked_for(world: World, chat: Chat, path: Path, step: int) -> None:
    heard = "We are in the middle of it" if path.title == "Talk to a person" else "What happened?"
    await converse(chat, [*path.pairs[:step], ("I want to talk to a human", heard)])


@at_every_step
async def test_a_deploy_that_changed_the_flow_goes_on_with_the_answers(
    world: World, chat: Chat, path: Path, step: int
) -> None:
    await converse(chat, path.pairs[:step])
    world.flows = MappingProxyType({name: replace(each, version=2) for name, each in world.flows.items()})
    answer = await chat.says(QUESTION)
    assert "[Cancel]" in answer
    assert ("[Back]" in answer) == (step > path.opening)


@at_every_step
async def test_a_deploy_that_removed_the_flow_says_so(world: World, chat: Chat, path: Path, step: int) -> None:
    await converse(chat, path.pairs[:step])
    world.flows = MappingProxyType({key: each for key, each in world.flows.items() if key != path.name})
    await converse(chat, [(QUESTION, ("I was changed in the meantime", "5 to 16"))])


@pytest.mark.parametrize("channel", ["dialogue"])
async def test_a_flow_that_is_gone_with_its_wording_locks_nobody_out(
    world: World, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    await converse(chat, [("reset my password", "What is your username"), ("/person", "What happened?")])
    english = tests.world.library().language("en")
    without = MappingProxyType({name: each for name, each in english.flows.items() if name != "reset_password"})
    monkeypatch.setattr(tests.world, "_library", [_with_flows(tests.world.library(), without)])
    world.flows = MappingProxyType({key: each for key, each in world.flows.items() if key != "reset_password"})
    await converse(chat, [("cancel", "Cancelled"), (Wait(60 * 25), ""), ("menu", "What can I do for you?")])


@pytest.mark.parametrize("channel", ["dialogue"])
async def test_forgetting_ends_what_waits_beneath(world: World, chat: Chat) -> None:
    await converse(
        chat,
        [
            ("recover my username", "What is the e-mail address"),
            ("dana@example.org", "<characters>"),
            ("/forget", "Shall I?"),
            ("yes", lambda heard: "remember nothing" in heard and "Back to" not in heard),
        ],
    )
    (conversation,) = world.rows(Conversation)
    assert "dana" not in str(conversation.state)


def _with_flows(library: Library, flows: Mapping[str, FlowWording]) -> Library:
    english = replace(library.language("en"), flows=flows)
    return replace(library, languages=MappingProxyType({"en": english}))


@pytest.mark.parametrize("channel", ["dialogue"])
async def test_a_confirmation_to_forget_lapses_when_something_else_is_talked_about(chat: Chat) -> None:
    await converse(
        chat,
        [
            ("/forget", "Shall I?"),
            (QUESTION, lambda heard: "5 to 16" in heard and "Shall I?" not in heard),
            ("/forget", "Shall I?"),
            ("/person", "What happened?"),
            ("cancel", lambda heard: "Cancelled" in heard and "Back to" not in heard),
            ("/forget", "Shall I?"),
            (Press("No, keep it"), "stays as it is"),
        ],
    )
