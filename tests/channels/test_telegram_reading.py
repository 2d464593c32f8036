"""What a Telegram update means to the bot, shape by shape."""

import pytest
from telegram import Update, User

from bot.channels.telegram.reading import read

ME = User(7000, "CERS Support", is_bot=True, username="cers_test_bot")
PAT = {"id": 11, "is_bot": False, "first_name": "Pat", "language_code": "es"}
PRIVATE = {"id": 11, "type": "private", "first_name": "Pat"}
GROUP = {"id": -100, "type": "supergroup", "title": "A group"}


def message(**content: object) -> Update:
    told = {"message_id": 5, "date": 1_700_000_000, "chat": PRIVATE, "from": PAT, **content}
    return _update({"update_id": 1, "message": told})


def _update(raw: dict[str, object]) -> Update:
    return Update.de_json(raw, None)


def test_the_language_and_the_ids_are_handed_on() -> None:
    incoming = read(message(text=" Hola \n"), ME)
    assert incoming
    assert (incoming.text, incoming.language, incoming.message, incoming.key) == (" Hola \n", "es", "5", "1")
    assert (incoming.channel, incoming.chat, incoming.private) == ("telegram", "11", True)


@pytest.mark.parametrize(
    "content",
    [
        {"chat": {"id": -5, "type": "channel", "title": "News"}, "text": "/help"},
        {"from": {**PAT, "is_bot": True}, "text": "I am a program"},
        {"chat": GROUP, "new_chat_members": [PAT]},
        {"pinned_message": {"message_id": 4, "date": 1, "chat": PRIVATE}},
        {"message_auto_delete_timer_changed": {"message_auto_delete_time": 9}},
        {"chat": GROUP},
    ],
)
def test_what_no_person_says_to_the_bot_is_nothing(content: dict[str, object]) -> None:
    assert read(message(**content), ME) is None


@pytest.mark.parametrize(
    "raw",
    [
        {"my_chat_member": None},
        {"channel_post": {"message_id": 1, "date": 1, "chat": GROUP, "text": "/help"}},
        {"poll_answer": {"poll_id": "1", "option_ids": [0], "option_persistent_ids": ["0"], "user": PAT}},
    ],
)
def test_other_updates_are_nothing(raw: dict[str, object]) -> None:
    assert read(_update({"update_id": 1, **raw}), ME) is None


def test_a_press_without_a_chat_or_without_data_is_nothing() -> None:
    query = {"id": "q", "from": PAT, "chat_instance": "1"}
    seen = {"message_id": 5, "date": 1, "chat": PRIVATE}
    for content in ({"data": "a.0", "inline_message_id": "i"}, {"game_short_name": "g", "message": seen}):
        assert read(_update({"update_id": 1, "callback_query": query | content}), ME) is None


def test_a_press_on_a_message_that_telegram_no_longer_shows_is_a_press() -> None:
    query = {"id": "q", "from": PAT, "chat_instance": "1", "data": "a.0"}
    gone = {"message_id": 5, "date": 0, "chat": GROUP}
    incoming = read(_update({"update_id": 1, "callback_query": query | {"message": gone}}), ME)
    assert incoming
    assert (incoming.button, incoming.chat, incoming.private) == ("a.0", "-100", False)


def test_an_administrator_who_hides_behind_the_group_is_heard() -> None:
    anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    entities = [{"type": "bot_command", "offset": 0, "length": 5}]
    spoken = message(chat=GROUP, text="/help", entities=entities, sender_chat=GROUP, **{"from": anonymous})
    assert read(spoken, ME)


def test_a_mention_by_name_link_counts_and_the_name_alone_stays() -> None:
    entities = [
        {"type": "text_mention", "offset": 0, "length": 4, "user": {"id": 7000, "is_bot": True, "first_name": "C"}}
    ]
    incoming = read(message(chat=GROUP, text="CERS help", entities=entities), ME)
    assert incoming
    assert incoming.text == "help"
    mention = [{"type": "mention", "offset": 0, "length": 14}]
    incoming = read(message(chat=GROUP, text="@cers_test_bot", entities=mention), ME)
    assert incoming
    assert incoming.text == "@cers_test_bot"


def test_an_animation_is_no_document_and_a_venue_no_location() -> None:
    file = {"file_id": "f", "file_unique_id": "f"}
    moving = {"animation": {**file, "width": 1, "height": 1, "duration": 1}, "document": file}
    place = {"latitude": 1.0, "longitude": 1.0}
    somewhere = {"venue": {"location": place, "title": "t", "address": "a"}, "location": place}
    for content, kind in ((moving, "animation"), (somewhere, "venue")):
        incoming = read(message(**content), ME)
        assert incoming
        assert incoming.attachment == kind
