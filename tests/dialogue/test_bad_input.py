"""Nothing that a person sends causes an exception, an empty reply or silence."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.dialogue.messages import Incoming
from core.tables import AccountRequest
from tests.world import Characters, Chat, Press, World, converse

ODD = {
    "emoji only": "😀😀😀",
    "a hundred thousand characters": "activation " * 9_100,
    "one word very often": "a" * 100_000,
    "control characters": "\x00\x01\x02\x1b[31mhello\x07",
    "bidirectional overrides": "\u202eadmin\u202c \u2066x\u2069",
    "zero width": "\u200b\u200b\u200d",
    "white space": "  \n\t ",
    "only digits": "0000000000",
    "markdown": "**bold** [x](http://example.org) `code` <b>x</b> & _x_",
    "html": "<script>alert(1)</script>",
    "braces": "{address} {0} {{}}",
    "a lone slash": "/",
    "an unknown command": "/frobnicate now",
    "a path": "/../../etc/passwd",
    "sql": "'; DROP TABLE accounts; --",
    "surrogates": "\ud800 broken",
    "quotes": '"""',
    "right to left": "لم يصلني بريد التفعيل",
    "chinese": "我忘记了用户名",
}
OPENINGS = {
    "nothing open": [],
    "an address asked for": [("recover my username", "What is the e-mail address")],
    "characters asked for": [("recover my username", "What is"), ("dana@example.org", "<characters>")],
    "text asked for": [("/person", "What happened?")],
    "a choice asked for": [("/forget", "Shall I?")],
}


@pytest.mark.parametrize("opening", OPENINGS.values(), ids=OPENINGS)
@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
async def test_odd_text_gets_an_answer(chat: Chat, opening: list[tuple[str, str]], text: str) -> None:
    await converse(chat, opening)
    assert await chat.says(text)
    assert await chat.says("menu")


@pytest.mark.parametrize("opening", OPENINGS.values(), ids=OPENINGS)
@pytest.mark.parametrize("kind", ["sticker", "voice", "photo", "location", "contact", "document", "video", "poll"])
async def test_what_is_no_text_gets_a_sentence(chat: Chat, opening: list[tuple[str, str]], kind: str) -> None:
    await converse(chat, opening)
    assert "I can read text only" in await chat.says(Incoming("", "", "", attachment=kind))


async def test_an_edited_message_changes_nothing(world: World, chat: Chat) -> None:
    await converse(chat, OPENINGS["characters asked for"])
    edit = Incoming("", "", "", text="omar@example.org", edited=True)
    assert "I do not read edits" in await chat.says(edit)
    await converse(chat, [(Characters(), "d****@example.org")])
    assert len(world.rows(AccountRequest)) == 1


@pytest.mark.parametrize(
    "data", ["", "x", "s1", "s1.", "s1.99", "s1.-1", "s1.0x", ".", "s9999.0", "é.1", "s1.٣", "a" * 64]
)
async def test_forged_buttons_do_nothing(world: World, chat: Chat, data: str) -> None:
    await converse(chat, [("/start", "Reset my password"), ("menu", "Reset my password")])
    assert await chat.says(Incoming("", "", "", button=data))
    await converse(chat, [("cancel", "There is nothing open")])
    assert not world.rows(AccountRequest)


async def test_a_button_of_another_chat_does_nothing(world: World, chat: Chat) -> None:
    other = Chat(world, chat="other")
    await converse(other, [("/forget", "Shall I?")])
    foreign = other.button("Yes, forget it")
    await converse(chat, [("/forget", "Shall I?")])
    assert "belongs to an earlier message" in await chat.presses(foreign)
    await converse(other, [(Press("No, keep it"), "stays as it is")])


async def test_a_button_pressed_twice_does_its_thing_once(chat: Chat) -> None:
    await converse(chat, [("/forget", "Shall I?")])
    data = chat.button("No, keep it")
    assert "stays as it is" in await chat.presses(data)
    assert "belongs to an earlier message" in await chat.presses(data)


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("dana@example.org or dana@example.com", "more than one address"),
        ("dana at example dot org", "does not look like an e-mail address"),
        ("dana@", "does not look like an e-mail address"),
        ("dana@example..org", "does not look like an e-mail address"),
    ],
)
async def test_what_is_no_address_is_explained_and_asked_again(chat: Chat, said: str, heard: str) -> None:
    await converse(chat, [*OPENINGS["an address asked for"], (said, (heard, "What is the e-mail address"))])


async def test_characters_of_the_wrong_length_are_not_counted_as_a_try(chat: Chat) -> None:
    await converse(
        chat,
        [*OPENINGS["characters asked for"], ("ABCD", "There are 5 characters"), (Characters(), "is on its way")],
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=60), min_size=1, max_size=4))
async def test_any_texts_get_answers(chat: Chat, texts: list[str]) -> None:
    for text in texts:
        assert await chat.says(text)
