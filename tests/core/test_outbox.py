"""The outbox: what is owed is taken by one at a time, given back by time, and ended by whoever holds it (G2)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from core import outbox, rules
from core.database import Database
from core.keys import Keys
from core.outbox import LETTER, REPLIES, Leased, Replies
from core.tables import Owed
from tests.chats import CoreChat

LEASE = timedelta(seconds=rules.LEASE_SECONDS)
SECOND = timedelta(seconds=1)


@pytest.fixture
def chat(database: Database, keys: Keys, now: datetime) -> CoreChat:
    """Return a chat on the channel "test"."""
    return CoreChat(database, keys, now)


def replies(chat: CoreChat, text: str = "hello") -> Leased:
    """Return the replies of a turn, as whoever handles the turn gets them."""
    with chat.turn() as context:
        owed = Replies(context.conversation, {"text": text}, context.now)
        return outbox.owe_all(context.session, [owed], context.now)[0]


def letter(chat: CoreChat, to: str = "dana@example.org") -> int:
    """Return the row of a new letter."""
    with chat.turn() as context:
        return outbox.owe_letter(context.session, {"to": to}, context.now)


def taken(
    chat: CoreChat, kind: str = LETTER, channel: str | None = None, to: str | None = None, limit: int = 20
) -> list[Leased]:
    """Take what is due."""
    with chat.database.transaction() as session:
        return outbox.lease_due(session, kind, chat.now, channel, to, limit)


def settles(chat: CoreChat, leased: Leased, outcome: str = "sent") -> bool:
    """Return whether the lease still held when the row was ended."""
    with chat.database.transaction() as session:
        return outbox.settle(session, leased.id, leased.lease, outcome, chat.now)


def rows(chat: CoreChat) -> list[Owed]:
    """Return the outbox."""
    with chat.database.transaction() as session:
        return list(session.scalars(select(Owed).order_by(Owed.id)))


def test_replies_belong_to_whoever_handles_the_turn_until_the_lease_is_over(chat: CoreChat) -> None:
    mine = replies(chat)
    assert taken(chat.later(LEASE - SECOND), REPLIES) == []
    (theirs,) = taken(chat.later(LEASE), REPLIES)
    assert (theirs.id, theirs.payload, theirs.tries) == (mine.id, {"text": "hello"}, 2)
    assert not settles(chat, mine)
    assert settles(chat, theirs)
    assert not settles(chat, theirs)


def test_who_sent_in_time_is_believed_even_when_the_lease_is_over(chat: CoreChat) -> None:
    mine = replies(chat)
    assert settles(chat.later(10 * LEASE), mine)
    assert taken(chat.later(10 * LEASE), REPLIES) == []


def test_a_letter_is_due_at_once_and_nobodys(chat: CoreChat) -> None:
    number = letter(chat)
    (leased,) = taken(chat)
    assert (leased.id, leased.kind, leased.payload, leased.tries) == (number, LETTER, {"to": "dana@example.org"}, 1)
    assert (leased.created_at, leased.deadline) == (chat.now, chat.now + timedelta(hours=rules.LETTER_DEADLINE_HOURS))
    assert taken(chat) == []


def test_letters_and_replies_are_taken_apart_and_oldest_first(chat: CoreChat) -> None:
    numbers = [letter(chat) for _ in range(3)]
    owed = [replies(chat) for _ in range(3)]
    assert [each.id for each in taken(chat)] == numbers
    late = chat.later(LEASE)
    for reply in owed:
        assert [each.id for each in taken(late, REPLIES)] == [reply.id], "what was owed later overtook it"
        assert taken(late, REPLIES) == []
        with chat.database.transaction() as session:
            row = session.get_one(Owed, reply.id)
            assert outbox.settle(session, row.id, row.lease or "", "sent", late.now)


def test_no_more_are_taken_than_are_wanted(chat: CoreChat) -> None:
    numbers = [letter(chat) for _ in range(5)]
    assert [[each.id for each in taken(chat, limit=2)] for _ in range(4)] == [
        numbers[:2],
        numbers[2:4],
        numbers[4:],
        [],
    ]


def test_a_channel_takes_what_leaves_by_it_and_a_chat_what_is_its_own(chat: CoreChat) -> None:
    neighbour = replace(chat, chat="18")
    mine, theirs = replies(chat), replies(neighbour)
    late = chat.later(LEASE)
    assert taken(late, REPLIES, "telegram") == []
    assert taken(late, REPLIES, "telegram", "17") == []
    assert [each.id for each in taken(late, REPLIES, "test", "18")] == [theirs.id]
    assert [each.id for each in taken(late, REPLIES, "test")] == [mine.id]


def test_what_is_postponed_is_nobodys_until_it_is_due(chat: CoreChat) -> None:
    letter(chat)
    (leased,) = taken(chat)
    with chat.database.transaction() as session:
        outbox.postpone(session, leased.id, leased.lease, chat.now + timedelta(minutes=5), "SMTP [451]")
    assert taken(chat.later(timedelta(minutes=5) - SECOND)) == []
    assert rows(chat)[0].outcome == "SMTP [451]"
    (again,) = taken(chat.later(timedelta(minutes=5)))
    assert (again.id, again.tries) == (leased.id, 2)


def test_whose_lease_has_passed_to_another_postpones_nothing(chat: CoreChat) -> None:
    letter(chat)
    (first,) = taken(chat)
    (second,) = taken(chat.later(LEASE))
    with chat.database.transaction() as session:
        outbox.postpone(session, first.id, first.lease, chat.now + timedelta(days=1), "too late")
    assert settles(chat, second)


def test_what_has_ended_is_blanked_and_never_taken_again(chat: CoreChat) -> None:
    letter(chat)
    (leased,) = taken(chat)
    assert settles(chat, leased, "refused: SMTP [550]")
    (row,) = rows(chat)
    assert (row.payload, row.outcome, row.settled_at) == ({}, "refused: SMTP [550]", chat.now)
    assert taken(chat.later(timedelta(days=30))) == []


def test_of_many_workers_at_once_each_row_is_taken_by_one(chat: CoreChat) -> None:
    numbers = [letter(chat) for _ in range(24)]
    with ThreadPoolExecutor(8) as threads:
        batches = list(threads.map(lambda _: taken(chat, limit=2), range(16)))
    assert sorted(each.id for batch in batches for each in batch) == numbers
    leases = [batch[0].lease for batch in batches if batch]
    assert len(set(leases)) == len(leases)


def test_the_pauses_grow_and_then_stay() -> None:
    minutes = [outbox.retry_delay(tries) / timedelta(minutes=1) for tries in (1, 2, 3, 4, 5, 6, 100)]
    assert minutes == [1, 5, 15, 30, 60, 60, 60]
