"""Forged buttons do nothing, and a group, a topic or a channel gets nothing personal (S3)."""

import random
import string
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from bot.dialogue.messages import Incoming
from bot.dialogue.turn import CONTROLS
from core.tables import AccountRequest, Base, Challenge, Conversation, FollowUp, Message, Ticket
from tests.asking import PERSON
from tests.channels.chats import PERSON as PAT
from tests.channels.chats import TelegramChat
from tests.security.figures import Measured
from tests.telegram_server import TelegramServer
from tests.world import Chat, World, converse, heard, library

PERSONAL: tuple[type[Base], ...] = (AccountRequest, Challenge, Ticket, FollowUp, Message)


def counted(world: World) -> dict[str, int]:
    """Return how many rows tell of an action."""
    with world.database().reading() as session:
        return {
            table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0
            for table in (AccountRequest, Challenge, Ticket, FollowUp)
        }


def mutated(live: str, number: int, seed: random.Random) -> str:
    """Return what an attacker makes of a button's data."""
    stamp, _, place = live.partition(".")
    ways = (
        f"{stamp}.{seed.randrange(20, 10**6)}",
        f"{seed.randrange(10**6)}.{place}",
        f"{stamp}{seed.choice(string.ascii_letters)}.{place}",
        f"{stamp}.{place}.{place}",
        f"{stamp}.-{place}",
        f"{stamp}.0{place}{seed.randrange(10, 99)}",
        f"{stamp} .{place}",
        live[::-1],
        "".join(seed.choices(string.printable, k=seed.randrange(1, 64))),
        f"begin:{seed.choice(['reset_password', 'forget'])}",
        f"{stamp}.{chr(0x660 + int(place[:1] or 0))}",
    )
    return ways[number % len(ways)]


@pytest.mark.parametrize("forged", [110, pytest.param(1000, marks=pytest.mark.prove)])
async def test_a_thousand_forged_foreign_and_old_buttons_do_nothing(
    world: World, chat: Chat, measured: Measured, forged: int
) -> None:
    seed = random.Random(7)
    other = Chat(world, "other")
    await converse(other, [*PERSON])
    foreign = other.button("Send it")
    await converse(chat, [("/start", "Reset my password")])
    old = chat.button("Reset my password")
    await converse(chat, [*PERSON])
    live = chat.button("Send it")
    database = world.database()
    conversations = world.conversations(database)
    before = counted(world)
    heard_by = []
    for number in range(forged):
        data = (foreign, old)[number % 2] if number % 10 == 0 else mutated(live, number, seed)
        delivery = conversations.receive(Incoming("test", "17", f"forged {number}", button=data))
        assert delivery is not None
        heard_by.append(heard(delivery.replies).partition("\n")[0])
        live = {button.label: button.data for reply in delivery.replies for button in reply.buttons}["Send it"]
        conversations.sent(delivery)
    measured("forged buttons", f"{forged} mutated, foreign and old buttons: 0 effects")
    assert counted(world) == before
    assert len(set(heard_by)) == 1


@pytest.mark.parametrize("thread", ["", "7"])
async def test_s3_no_command_and_no_action_does_or_shows_anything_personal_in_a_group(
    world: World, measured: Measured, thread: str
) -> None:
    language = library().language("en")
    said = [f"/{word}" for word in (*CONTROLS, *language.flows)]
    said += [start for flow in language.flows.values() for start in sorted(flow.start)[:2]]
    said += [f"/start {name}" for name in language.flows]
    said += ["dana@example.org", "my username is danalee1", "send it", "1", "2", "12345678", "yes", "omar@example.org?"]
    database = world.database()
    conversations = world.conversations(database)
    await converse(Chat(world, "17"), [("recover my username", ""), ("dana@example.org", "<characters>")])
    before = {table: len(world.rows(table)) for table in PERSONAL}
    answers = []
    for number, text in enumerate(said):
        said_here = Incoming("telegram", "-100", f"g{number}", text, private=False, thread=thread, person="17")
        pressed = replace(said_here, key=f"b{number}", text="", button=f"s1.{number % 5}")
        for incoming in (said_here, pressed):
            delivery = conversations.receive(incoming)
            assert delivery is not None
            assert not any(reply.buttons or reply.picture for reply in delivery.replies)
            answers.append(heard(delivery.replies))
    shown = "\n".join(answers)
    where = "a topic" if thread else "a group"
    measured("groups", f"{len(answers)} messages and presses in {where}: 0 actions, 0 personal data")
    assert {table: len(world.rows(table)) for table in PERSONAL} == before
    assert not [word for word in ("dana", "omar", "****", "@example.org") if word in shown]


async def test_s3_channels_and_inline_queries_are_not_even_kept(world: World) -> None:
    async with TelegramServer(quiet=0.05) as server:
        pat = TelegramChat(world, server)
        by = {"id": PAT, "is_bot": False, "first_name": "Pat"}
        post = {"message_id": 1, "date": 0, "chat": {"id": -1001, "type": "channel", "title": "x"}, "text": "/status"}
        server._deliver("channel_post", post)
        server._deliver("inline_query", {"id": "1", "from": by, "query": "reset my password", "offset": ""})
        server._deliver("business_message", {**post, "chat": {"id": PAT, "type": "private"}, "from": by})
        await pat.says("hello")
        assert all(set(chat.messages) == set() for number, chat in server.chats.all.items() if number == -1001)
    assert {row.chat for row in world.rows(Conversation)} == {str(PAT)}
