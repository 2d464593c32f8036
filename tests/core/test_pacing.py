"""Pacing: a burst at once and then one at a time, in no minute more than a channel allows."""

from datetime import datetime, timedelta

import pytest

from core import pacing
from core.database import Database
from core.pacing import TELEGRAM, Pace


def sent_at(pace: Pace, wanted: int, now: datetime) -> list[datetime]:
    """Return when so many messages leave that are all wanted at once."""
    free_at: datetime | None = None
    times = []
    for _ in range(wanted):
        times.append(max(now, free_at or now))
        free_at = pace.after(free_at, 1, now)
    return times


def test_after_the_burst_messages_leave_one_at_a_time(now: datetime) -> None:
    seconds = [(at - now).total_seconds() for at in sent_at(Pace(2, 3), 6, now)]
    assert seconds == [0, 0, 0, 2, 4, 6]


def test_what_was_not_used_is_saved_up_to_the_burst(now: datetime) -> None:
    pace = Pace(1, 3)
    free_at = pace.after(None, 3, now)
    assert free_at == now + timedelta(seconds=1)
    later = now + timedelta(hours=1)
    assert [pace.after(free_at, messages, later) <= later for messages in (1, 2, 3)] == [True, True, False]


def test_a_group_gets_at_most_20_messages_in_any_minute(now: datetime) -> None:
    times = sent_at(TELEGRAM.group, 200, now)
    assert max(sum(at <= other < at + timedelta(minutes=1) for other in times) for at in times) <= 20


def test_a_wait_that_a_channel_asked_for_counts_as_not_free(now: datetime) -> None:
    quiet = now + timedelta(seconds=30)
    assert Pace(1, 5).after(quiet, 1, now) == quiet + timedelta(seconds=1)


def test_stretches_of_time_are_given_out_one_after_another(database: Database, now: datetime) -> None:
    def reserve(seconds: float, at: datetime, name: str = "telegram") -> float:
        with database.transaction() as session:
            return pacing.reserve(session, name, seconds, at)

    assert [reserve(0.5, now) for _ in range(3)] == pytest.approx([0, 0.5, 1])
    assert reserve(0.5, now, "another channel") == pytest.approx(0)
    assert reserve(0.5, now + timedelta(seconds=1)) == pytest.approx(0.5)
    assert reserve(0.5, now + timedelta(minutes=1)) == pytest.approx(0)


def test_a_clock_that_is_set_back_keeps_nobody_waiting(database: Database, now: datetime) -> None:
    for at in (now, now - timedelta(hours=1)):
        with database.transaction() as session:
            assert pacing.reserve(session, "telegram", 0.5, at) == pytest.approx(0)


def test_messages_to_a_group_are_counted_for_all_processes_together(database: Database, now: datetime) -> None:
    def queue(messages: int, after: float = 0) -> float:
        with database.transaction() as session:
            return pacing.queue(session, "a group", Pace(6, 3), messages, now + timedelta(seconds=after))

    assert [queue(1) for _ in range(5)] == pytest.approx([0, 0, 0, 6, 12])
    assert queue(0) == pytest.approx(18)
    assert queue(1, after=12) == pytest.approx(6)
    assert [queue(1, after=600) for _ in range(4)] == pytest.approx([0, 0, 0, 6])
    assert queue(1, after=-3600) == 0, "the clock was set back"
