"""Conversations: one row a chat, held by one turn at a time, with a transcript that can be forgotten."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from core import conversations, follow_ups, outbox, tickets, verification
from core.context import Context
from core.conversations import Held, Line
from core.database import Database
from core.keys import Keys
from core.outbox import Replies
from core.tables import AccountRequest, Base, Challenge, Conversation, FollowUp, Message, Owed, Ticket
from tests.chats import CoreChat
from tests.postgres import until_somebody_waits


@pytest.fixture
def chat(database: Database, keys: Keys, now: datetime) -> CoreChat:
    """Return a chat that has not begun."""
    return CoreChat(database, keys, now)


def held(chat: CoreChat, channel: str = "test", language: str = "en") -> Held:
    """Return the conversation as a turn holds it."""
    with chat.database.transaction() as session:
        return conversations.hold_all(session, channel, {chat.chat: language}, chat.now)[chat.chat]


def saved(chat: CoreChat, state: dict[str, object], *lines: Line, language: str = "en") -> None:
    """Save what a turn made of it."""
    with chat.database.transaction() as session:
        mine = conversations.hold_all(session, "test", {chat.chat: language}, chat.now)[chat.chat]
        mine.state, mine.language = state, language
        conversations.save_all(session, [(mine, lines)], chat.now)


def count(chat: CoreChat, table: type[Base]) -> int:
    """Return how many rows there are."""
    with chat.database.transaction() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_conversation_begins_with_its_first_message(chat: CoreChat) -> None:
    first = held(chat)
    assert (first.channel, first.chat, first.language, first.state, first.touched_at) == ("test", "17", "en", {}, None)
    second = held(chat.later(timedelta(hours=1)))
    assert (second.id, second.touched_at) == (first.id, chat.now)


def test_what_a_turn_made_of_it_is_there_in_the_next(chat: CoreChat) -> None:
    saved(chat, {"stack": [{"flow": "person"}]}, language="es")
    kept = held(chat)
    assert (kept.state, kept.language, kept.touched_at) == ({"stack": [{"flow": "person"}]}, "es", chat.now)
    with chat.database.transaction() as session:
        assert conversations.hold_by_id(session, kept.id) == kept


def test_the_same_number_on_another_channel_is_another_conversation(chat: CoreChat) -> None:
    ids = {held(each, channel).id for each in (chat, replace(chat, chat="18")) for channel in ("test", "telegram")}
    assert len(ids) == 4


def test_a_chat_keeps_its_language_whatever_a_later_message_says(chat: CoreChat) -> None:
    held(chat, language="es")
    assert held(chat, language="en").language == "es"


def test_eight_first_messages_at_once_begin_one_conversation(chat: CoreChat) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert len({each.id for each in threads.map(lambda _: held(chat), range(8))}) == 1


def test_g5_a_conversation_is_held_by_one_turn_at_a_time(chat: CoreChat) -> None:
    def turn(number: int) -> None:
        with chat.database.transaction() as session:
            mine = conversations.hold_all(session, "test", {"17": "en"}, chat.now)["17"]
            turns = [*mine.state.get("turns", []), number]
            time.sleep(0.002)
            mine.state = {"turns": turns}
            conversations.save_all(session, [(mine, [])], chat.now)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(turn, range(24)))
    assert sorted(held(chat).state["turns"]) == list(range(24))


def test_g5_of_two_who_begin_the_same_conversations_one_waits_for_the_other(database: Database, now: datetime) -> None:
    def begin(chats: str) -> int:
        with database.transaction() as session:
            return len(conversations.hold_all(session, "test", dict.fromkeys(chats, "en"), now))

    with ThreadPoolExecutor(2) as threads:
        with database.transaction() as session:
            conversations.hold_all(session, "test", {"b": "en"}, now)
            beginning = [threads.submit(begin, chats) for chats in ("abc", "cba")]
            if database.file is None:
                until_somebody_waits(database, *beginning)
        assert [each.result(20) for each in beginning] == [3, 3]


def test_the_transcript_stands_in_order(chat: CoreChat) -> None:
    lines = [Line(author, f"{author} {number}", "unknown") for number in range(3) for author in ("person", "bot")]
    for place in range(0, 6, 2):
        saved(chat, {}, *lines[place : place + 2])
    saved(replace(chat, chat="18"), {}, Line("person", "somebody else's", "unknown"))
    mine = held(chat).id
    with chat.database.transaction() as session:
        rows = session.scalars(select(Message).where(Message.conversation_id == mine).order_by(Message.id))
        assert [Line(row.author, row.text, row.meaning) for row in rows] == lines


def test_the_message_with_the_live_buttons_is_known(chat: CoreChat) -> None:
    mine = held(chat).id
    heard = []
    for message in (None, "501", "502", None):
        with chat.database.transaction() as session:
            conversations.keep_keyboards(session, {mine: message})
        with chat.database.transaction() as session:
            heard.append(conversations.hold_by_id(session, mine).keyboard)
    assert heard == [None, "501", "502", None]


def leaves_traces(context: Context) -> None:
    """Leave something in every table that a chat can write to."""
    session = context.session
    mine = conversations.hold_by_id(session, context.conversation)
    conversations.save_all(session, [(mine, [Line("person", "hello", "unknown")])], context.now)
    verification.issue(context, "code", "reset_password", "dana@example.org")
    follow_ups.plan(context, "mail_not_here", {}, timedelta(minutes=5))
    outbox.owe_all(session, [Replies(context.conversation, {}, context.now)], context.now)
    outbox.owe_letter(session, {"to": "dana@example.org"}, context.now)
    tickets.open_ticket(context, "I cannot sign in")


def test_a_forgotten_chat_leaves_its_ticket_and_letters_and_takes_nothing_of_others(chat: CoreChat) -> None:
    neighbour = replace(chat, chat="18")
    mine: tuple[type[Base], ...] = (Message, Challenge, AccountRequest, FollowUp, Owed, Ticket)
    neighbour.does(leaves_traces)
    before = {table: count(chat, table) for table in mine}
    assert all(before.values())
    chat.does(leaves_traces)
    chat.does(conversations.forget)
    assert {table: count(chat, table) - before[table] for table in mine} == {
        Message: 0,
        Challenge: 0,
        AccountRequest: 0,
        FollowUp: 0,
        Owed: 1,
        Ticket: 1,
    }
    assert count(chat, Conversation) == 2
    assert [each.happened for each in chat.does(tickets.receipts)] == ["I cannot sign in"]
