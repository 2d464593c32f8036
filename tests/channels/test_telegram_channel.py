"""People talk to the bot on Telegram: messages, buttons, pictures, groups, over HTTP on loopback."""

import json
import time

import pytest

from bot.dialogue.messages import Incoming, Picture, Reply
from core import verification
from tests.channels.conftest import KEYS
from tests.channels.stand_in import MENU, StandIn, asks
from tests.telegram_chats import CONTENTS
from tests.telegram_server import TelegramServer

PAT, SAM, GROUP = 11, 12, -100

pytestmark = pytest.mark.usefixtures("channel")


async def test_a_message_is_answered_in_telegram_html(telegram: TelegramServer, turns: StandIn) -> None:
    turns.react = lambda incoming: (Reply("Recover **that** account & <go> on."),)
    await telegram.say(PAT, "I forgot my username")
    [reply] = await telegram.heard(PAT)
    assert reply.text == "Recover that account & <go> on."
    assert reply.html == "Recover <b>that</b> account &amp; &lt;go&gt; on."
    assert turns.received[0] == Incoming(
        "telegram", str(PAT), turns.received[0].key, text="I forgot my username", message="1", language="en-US"
    )
    assert turns.outcomes() == ["sent"]
    assert not telegram.refused


async def test_links_show_no_preview(telegram: TelegramServer, turns: StandIn) -> None:
    await telegram.say(PAT, "https://example.org")
    await telegram.heard(PAT)
    assert '"is_disabled": true' in telegram.called("sendMessage")[0].fields["link_preview_options"]


async def test_only_the_newest_buttons_can_be_pressed(telegram: TelegramServer, turns: StandIn) -> None:
    turns.react = asks
    await telegram.say(PAT, "one")
    [first] = await telegram.heard(PAT)
    assert [[button.label for button in row] for row in first.rows] == [["Yes", "No"], ["Neither of these two"]]

    await telegram.say(PAT, "two")
    await telegram.heard(PAT)
    assert first.rows == []
    assert telegram.buttons(PAT) == ["Yes", "No", "Neither of these two"]

    await telegram.press(PAT, "No")
    [third] = await telegram.heard(PAT)
    assert third.text == "You said a.1. Right?"
    assert telegram.buttons(PAT) == third.labels
    assert all(telegram.chats.queries.values()), "a pressed button still shows the waiting sign"
    assert not telegram.refused, "the buttons of the pressed message were taken away twice"


async def test_buttons_go_when_the_next_reply_has_none(telegram: TelegramServer, turns: StandIn) -> None:
    turns.react = asks
    await telegram.say(PAT, "one")
    await telegram.heard(PAT)
    turns.react = lambda incoming: (Reply("Bye."),)
    await telegram.say(PAT, "two")
    await telegram.heard(PAT)
    assert telegram.buttons(PAT) == []


async def test_all_messages_of_a_turn_with_buttons_lose_them(telegram: TelegramServer, turns: StandIn) -> None:
    turns.react = lambda incoming: (Reply("A", MENU[:1]), Reply("B"), Reply("C", MENU[1:]))
    await telegram.say(PAT, "one")
    assert [reply.labels for reply in await telegram.heard(PAT)] == [["Yes"], [], ["No", "Neither of these two"]]
    turns.react = lambda incoming: (Reply("Bye."),)
    await telegram.press(PAT, "Yes")
    await telegram.heard(PAT)
    assert telegram.buttons(PAT) == []


async def test_a_dead_button_that_an_old_client_still_shows_is_answered(
    telegram: TelegramServer, turns: StandIn
) -> None:
    message = await telegram.say(PAT, "hello")
    await telegram.heard(PAT)
    queries = [
        telegram.press_data(PAT, 999, "a.0"),
        telegram.press_data(PAT, 999, "a.0", accessible=False),
        telegram.press_data(PAT, message, "x" * 64),
    ]
    assert len(await telegram.heard(PAT)) == 3
    game = telegram.press_data(PAT, 999, None)
    await telegram.silent(PAT)
    assert all(telegram.chats.queries[query] for query in [*queries, game])


async def test_every_message_delivered_twice_is_answered_once(telegram: TelegramServer, turns: StandIn) -> None:
    telegram.chats.deliveries = 2
    for text in ("one", "two"):
        await telegram.say(PAT, text)
        assert [reply.text for reply in await telegram.heard(PAT)] == [f"You said: {text}"]
    telegram.again()
    await telegram.silent(PAT)
    assert len(turns.received) == 2


@pytest.mark.parametrize("content", sorted(CONTENTS))
async def test_whatever_is_sent_is_named_and_answered(content: str, telegram: TelegramServer, turns: StandIn) -> None:
    await telegram.send(PAT, content)
    [reply] = await telegram.heard(PAT)
    assert reply.text == f"You said: {content}"


async def test_a_message_of_a_shape_that_is_newer_than_the_bot_is_answered(
    telegram: TelegramServer, turns: StandIn
) -> None:
    for content in ({"poll": {"id": "of a later version"}}, {"hologram": {"file_id": "h"}}):
        telegram.deliver(PAT, **content)
        [reply] = await telegram.heard(PAT)
        assert reply.text == "You said: unknown"


async def test_a_caption_is_read_as_text(telegram: TelegramServer, turns: StandIn) -> None:
    await telegram.send(PAT, "photo", caption="this error appears")
    await telegram.heard(PAT)
    assert (turns.received[0].text, turns.received[0].attachment) == ("this error appears", "photo")


async def test_an_edited_message_says_that_it_is_edited(telegram: TelegramServer, turns: StandIn) -> None:
    message = await telegram.say(PAT, "forgot pasword")
    await telegram.heard(PAT)
    await telegram.edit(PAT, message, "forgot password")
    await telegram.heard(PAT)
    assert [each.edited for each in turns.received] == [False, True]
    assert turns.received[1].text == "forgot password"


async def test_a_long_answer_comes_in_parts_with_the_buttons_on_the_last(
    telegram: TelegramServer, turns: StandIn
) -> None:
    turns.react = lambda incoming: (Reply("\n\n".join(["word " * 300] * 6), MENU),)
    await telegram.say(PAT, "tell me everything")
    parts = await telegram.heard(PAT)
    assert [bool(part.labels) for part in parts] == [False, False, True]


async def test_100_000_characters_and_control_characters_are_taken_and_said(
    telegram: TelegramServer, turns: StandIn
) -> None:
    await telegram.say(PAT, "\x00\u202e<b>&" * 20_000)
    heard = await telegram.heard(PAT, wait=30)
    assert "".join(part.text for part in heard).count("<b>&") >= 19_990
    assert not telegram.refused


async def test_verification_characters_are_a_photo_with_the_question_under_it(
    telegram: TelegramServer, turns: StandIn
) -> None:
    turns.react = lambda incoming: (Reply("Type the **characters**.", MENU[:1], Picture("characters", "5.0.x")),)
    await telegram.say(PAT, "go on")
    [reply] = await telegram.heard(PAT)
    assert reply.photo.startswith(b"\x89PNG")
    assert (reply.text, reply.labels) == ("Type the characters.", ["Yes"])
    shown = verification.shown(KEYS, "characters", "5.0.x")
    assert not any(shown in str(call.fields) for call in telegram.calls)


async def test_verification_characters_are_spoken(telegram: TelegramServer, turns: StandIn) -> None:
    turns.react = lambda incoming: (Reply("Type the digits.", MENU[:1], Picture("spoken", "5.0.x")),)
    await telegram.say(PAT, "hear them")
    [reply] = await telegram.heard(PAT)
    assert reply.audio.startswith(b"RIFF")
    assert (reply.text, reply.labels) == ("Type the digits.", ["Yes"])


async def test_a_question_too_long_for_a_caption_follows_the_picture(telegram: TelegramServer, turns: StandIn) -> None:
    turns.react = lambda incoming: (Reply("word " * 300, MENU[:1], Picture("characters", "5.0.x")),)
    await telegram.say(PAT, "go on")
    picture, question = await telegram.heard(PAT)
    assert (picture.text, picture.labels) == ("", [])
    assert question.labels == ["Yes"]


async def test_buttons_alone_get_a_text(telegram: TelegramServer, turns: StandIn) -> None:
    turns.react = lambda incoming: (Reply(" ", MENU), Reply(""))
    await telegram.say(PAT, "hello")
    [reply] = await telegram.heard(PAT)
    assert reply.labels == [button.label for button in MENU]


async def test_a_message_with_a_secret_is_deleted(telegram: TelegramServer, turns: StandIn) -> None:
    message = await telegram.say(PAT, "my password is Example123")
    turns.remove_message = str(message)
    await telegram.heard(PAT)
    assert telegram.chats.all[PAT].messages[message].deleted
    await telegram.say(PAT, "again")
    assert len(await telegram.heard(PAT)) == 1, "a message that is gone already kept the reply back"


async def test_the_command_menu_is_set_for_everybody_and_for_each_language(telegram: TelegramServer) -> None:
    menus = {call.fields.get("language_code", ""): call.fields["commands"] for call in telegram.called("setMyCommands")}
    assert menus.keys() == {"", "es"}
    assert [each["description"] for each in json.loads(menus[""]) if each["command"] == "help"] == ["What I can do"]
    assert json.loads(menus["es"]) == [{"command": "help", "description": "Qué puedo hacer"}]


async def test_typing_shows_only_when_an_answer_takes_a_while(telegram: TelegramServer, turns: StandIn) -> None:
    await telegram.say(PAT, "quick")
    await telegram.heard(PAT)
    assert telegram.chats.all[PAT].actions == []

    def slowly(incoming: Incoming) -> tuple[Reply, ...]:
        time.sleep(0.5)
        return (Reply("Done."),)

    turns.react = slowly
    await telegram.say(PAT, "slow")
    await telegram.heard(PAT)
    assert telegram.chats.all[PAT].actions == ["typing"]


async def test_in_a_group_only_what_is_said_to_the_bot_is_answered(telegram: TelegramServer, turns: StandIn) -> None:
    for text in ("hello all", "/help@another_bot", "@another_bot hi", "mail me at pat@cers_test_bot.example.org"):
        await telegram.say(GROUP, text)
    await telegram.send_sticker(GROUP)
    await telegram.silent(GROUP)
    assert turns.inbox() == [], "what is not for the bot was kept"

    said = ["/help", "/help@cers_test_bot now", "@CERS_test_bot how do I reset?", "hey @cers_test_bot, hello"]
    for text in said:
        await telegram.say(GROUP, text, person=PAT)
    last = (await telegram.heard(GROUP))[-1]
    await telegram.say(GROUP, "and then?", person=SAM, reply_to=last.id)
    await telegram.heard(GROUP)
    assert [each.text for each in turns.received] == [
        "/help", "/help now", "how do I reset?", "hey , hello", "and then?"
    ]  # fmt: skip
    assert not any(each.private for each in turns.received)


async def test_in_a_private_chat_a_command_with_the_bots_name_is_the_command(
    telegram: TelegramServer, turns: StandIn
) -> None:
    await telegram.say(PAT, "/help@cers_test_bot")
    await telegram.heard(PAT)
    assert turns.received[0].text == "/help"
