"""Topics: what is still to be told of each ticket, in whatever order its lines are committed."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from core import takeover, ticket_history, tickets, topics
from core.database import Database
from core.keys import Keys
from core.outbox import settle
from core.tables import Message, Owed, Ticket
from core.ticket_history import Kind
from tests.chats import CoreChat


@pytest.fixture
def chat(database: Database, keys: Keys, now: datetime) -> CoreChat:
    """Return a chat."""
    return CoreChat(database, keys, now)


def ticket_of(chat: CoreChat) -> int:
    """Return the row id of a new ticket."""
    return tickets.id_of(chat.does(tickets.open_ticket, "It says no"))


def tell(chat: CoreChat, ticket: int) -> topics.News:
    """Tell what is new of the ticket in its topic, and return it."""
    with chat.turn() as context:
        news = topics.news(context.session, ticket, "group:")
        if news.topic is None:
            topics.keep(context.session, ticket, 100 + ticket)
        topics.told(context.session, news)
    return news


def waiting(chat: CoreChat, after: int = 0) -> list[int]:
    """Return which tickets have news."""
    with chat.turn() as context:
        return list(topics.waiting(context.session, after))


def note(chat: CoreChat, ticket: int, **more: Any) -> int:
    """Add a line to the ticket's history."""
    with chat.turn() as context:
        return ticket_history.add(context.session, ticket, more.pop("kind", Kind.NOTE), context.now, **more)


def test_a_ticket_waits_until_it_was_told(chat: CoreChat) -> None:
    first, second = ticket_of(chat), ticket_of(replace(chat, chat="18"))
    assert waiting(chat) == [first, second]
    assert tell(chat, first).is_new
    assert waiting(chat) == [second]
    with chat.turn() as context:
        assert topics.waiting(context.session, 0) == {second: ticket_history.newest(context.session)}
    line = note(chat, first, text="a note")
    assert waiting(chat) == [second, first]
    news = tell(chat, first)
    assert (news.is_new, news.topic, [each.id for each in news.lines]) == (False, 100 + first, [line])
    assert waiting(chat) == [second]


def test_lines_written_in_the_topic_are_known(chat: CoreChat) -> None:
    ticket = ticket_of(chat)
    tell(chat, ticket)
    here, there = note(chat, ticket, key="group:7"), note(chat, ticket, key="5:abc")
    news = tell(chat, ticket)
    assert [each.id for each in news.lines] == [here, there]
    assert news.said_here == {here}


def test_a_line_that_is_committed_late_is_told_all_the_same(chat: CoreChat) -> None:
    first, second = ticket_of(chat), ticket_of(replace(chat, chat="18"))
    for each in (first, second):
        tell(chat, each)
    with chat.turn() as context:
        newest = ticket_history.newest(context.session)
        assert topics.settled_line(context.session, 0, context.now) == 0
        assert topics.settled_line(context.session, 0, context.now + timedelta(minutes=5)) == newest
        assert topics.settled_line(context.session, newest, context.now + timedelta(minutes=5)) == newest
    note(chat, first)
    assert waiting(chat, after=newest) == [first]


def test_a_reply_is_watched_until_it_is_known_what_became_of_it(chat: CoreChat) -> None:
    ticket = ticket_of(chat)
    tell(chat, ticket)
    with chat.turn() as context:
        rows = [
            Owed(
                kind="replies",
                conversation_id=context.conversation,
                payload={},
                created_at=context.now,
                due_at=context.now,
                lease="ours",
                tries=1,
            )
            for _ in range(2)
        ]
        context.session.add_all(rows)
        context.session.flush()
        owed = [row.id for row in rows]
    lines = [note(chat, ticket, kind=Kind.REPLY, text=str(each), owed=each) for each in owed]
    news = tell(chat, ticket)
    assert (news.watched, news.refused) == (lines[0], [])
    assert waiting(chat) == []
    with chat.turn() as context:
        settle(context.session, owed[0], "ours", "sent", context.now)
    assert waiting(chat) == [ticket]
    assert tell(chat, ticket).watched == lines[1]
    with chat.turn() as context:
        settle(context.session, owed[1], "ours", "refused: blocked", context.now)
    news = tell(chat, ticket)
    assert ([each.failure for each in news.refused], news.watched) == (["blocked"], None)
    assert waiting(chat) == []


def test_a_resolved_ticket_gets_no_topic_and_keeps_the_one_that_it_has(chat: CoreChat) -> None:
    without, with_one = ticket_of(chat), ticket_of(replace(chat, chat="18"))
    tell(chat, with_one)
    with chat.turn() as context:
        for each in (without, with_one):
            context.session.get_one(Ticket, each).closed_at = context.now
    for each in (without, with_one):
        note(chat, each)
    assert waiting(chat) == [with_one]


def test_what_the_person_wrote_is_found_in_the_transcript(chat: CoreChat) -> None:
    ticket = ticket_of(chat)
    for text in ("one", "two", "three"):
        with chat.turn() as context:
            line = Message(
                conversation_id=context.conversation, at=context.now, author="person", text=text, meaning="to staff"
            )
            bots = Message(
                conversation_id=context.conversation, at=context.now, author="bot", text="Hello", meaning="to staff"
            )
            context.session.add_all([line, bots])
            assert takeover.hear(context, ticket, text)
        if text == "one":
            tell(chat, ticket)
    with chat.turn() as context:
        news = topics.news(context.session, ticket, "group:")
        assert topics.heard(context.session, ticket, news.lines, "to staff") == ["two", "three"]


def test_a_topic_that_was_deleted_is_forgotten(chat: CoreChat) -> None:
    ticket = ticket_of(chat)
    tell(chat, ticket)
    with chat.turn() as context:
        found = topics.by_topic(context.session, 100 + ticket)
        assert found is not None
        assert found.ticket_id == ticket
        topics.lost(context.session, 100 + ticket)
    assert waiting(chat) == [ticket]
    assert tell(chat, ticket).is_new
