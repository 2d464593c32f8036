"""Follow-ups: due when promised, asked once, replaced by newer ones, cancelled for good."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core import follow_ups
from core.database import Database
from core.follow_ups import Due
from core.keys import Keys
from core.tables import FollowUp
from tests.chats import CoreChat

QUARTER = timedelta(minutes=15)
SECOND = timedelta(seconds=1)


@pytest.fixture
def chat(database: Database, keys: Keys, now: datetime) -> CoreChat:
    """Return a chat with nothing planned."""
    return CoreChat(database, keys, now)


def planned(chat: CoreChat, flow: str = "mail_not_here", after: timedelta = QUARTER) -> int:
    """Return the row of a new follow-up."""
    return chat.does(follow_ups.plan, flow, {"action": "reset_password"}, after)


def due(chat: CoreChat, channel: str = "test", of: str | None = None, limit: int = 20) -> list[Due]:
    """Return what is due."""
    with chat.database.transaction() as session:
        return follow_ups.due(session, chat.now, channel, of, limit)


def settles(chat: CoreChat, number: int) -> bool:
    """Return whether it is asked now."""
    with chat.database.transaction() as session:
        row = session.get_one(FollowUp, number)
        return follow_ups.settle(session, Due(row.id, row.conversation_id, row.flow, row.given), chat.now)


def test_it_is_due_when_it_was_promised_and_asked_once(chat: CoreChat) -> None:
    number = planned(chat)
    early, on_time = chat.later(QUARTER - SECOND), chat.later(QUARTER)
    assert due(early) == []
    assert not settles(early, number)
    (found,) = due(on_time)
    assert (found.id, found.flow, found.given) == (number, "mail_not_here", {"action": "reset_password"})
    assert [settles(on_time, number), settles(on_time, number)] == [True, False]
    assert due(chat.later(timedelta(days=1))) == []


def test_a_newer_one_takes_the_place_of_the_older(chat: CoreChat) -> None:
    older, newer = planned(chat), planned(chat)
    assert [each.id for each in due(chat.later(QUARTER))] == [newer]
    assert not settles(chat.later(QUARTER), older)


def test_a_cancelled_one_is_never_asked(chat: CoreChat) -> None:
    number = planned(chat)
    assert chat.does(follow_ups.cancel)
    assert not chat.does(follow_ups.cancel)
    assert due(chat.later(QUARTER)) == []
    assert not settles(chat.later(QUARTER), number)


def test_another_chat_cancels_and_replaces_nothing_here(chat: CoreChat) -> None:
    mine = planned(chat)
    neighbour = replace(chat, chat="18")
    theirs = planned(neighbour, after=2 * QUARTER)
    neighbour.does(follow_ups.cancel)
    assert [each.id for each in due(chat.later(QUARTER))] == [mine]
    assert not settles(chat.later(2 * QUARTER), theirs)


def test_one_that_waits_is_due_later_and_one_that_was_asked_waits_for_nothing(chat: CoreChat) -> None:
    number = planned(chat)
    with chat.turn() as context:
        follow_ups.wait(context.session, number, chat.now + 2 * QUARTER)
    assert due(chat.later(QUARTER)) == []
    assert settles(chat.later(2 * QUARTER), number)
    with chat.turn() as context:
        follow_ups.wait(context.session, number, chat.now)
    assert due(chat.later(QUARTER)) == []


def test_those_of_a_channel_come_oldest_first_and_those_of_one_chat_alone(chat: CoreChat) -> None:
    chats = [replace(chat, chat=str(number)) for number in range(4)]
    numbers = [planned(each, after=QUARTER - timedelta(minutes=place)) for place, each in enumerate(chats)]
    late = chat.later(QUARTER)
    assert [each.id for each in due(late)] == numbers[::-1]
    assert [each.id for each in due(late, limit=2)] == numbers[:1:-1]
    assert [each.id for each in due(late, of="2")] == [numbers[2]]
    assert due(late, channel="telegram") == []


def test_of_eight_workers_at_once_one_asks(chat: CoreChat) -> None:
    number = planned(chat)
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda _: settles(chat.later(QUARTER), number), range(8))) == 1
