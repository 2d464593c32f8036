"""Budgets: so many within a stretch of time, whoever asks at once, and an honest word on how long to wait (S5)."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core import limits, rules
from core.database import Database
from core.keys import Keys
from core.limits import DAY, HOUR, Limit
from core.refusals import BudgetSpent
from core.tables import Budget

THREE_AN_HOUR = Limit("three", ((3, HOUR),))
ALSO_FIVE_A_DAY = Limit("both", ((3, HOUR), (5, DAY)))
OWNERS = itertools.count()


class Spender:
    """Somebody who spends, on one database."""

    def __init__(self, database: Database, keys: Keys, now: datetime) -> None:
        self.database = database
        self.keys = keys
        self.now = now

    def wait(self, limit: Limit, minutes: float = 0, whose: object = "dana@example.org") -> int:
        """Spend so many minutes later; return the minutes to wait, 0 when there was something left."""
        with self.database.transaction() as session:
            try:
                limits.spend(session, self.keys, limit, whose, self.now + timedelta(minutes=minutes))
            except BudgetSpent as spent:
                return int(str(spent.fields["minutes"]))
            return 0

    def rows(self) -> list[Budget]:
        with self.database.transaction() as session:
            return list(session.scalars(select(Budget)))


@pytest.fixture
def spender(database: Database, keys: Keys, now: datetime) -> Spender:
    """Return somebody who has not spent anything."""
    return Spender(database, keys, now)


def test_what_is_left_is_spent_and_then_there_is_a_wait(spender: Spender) -> None:
    assert [spender.wait(THREE_AN_HOUR, minute) for minute in (0, 10, 20, 30, 59, 59.5)] == [0, 0, 0, 30, 1, 1]


def test_each_use_comes_back_when_its_time_is_over(spender: Spender) -> None:
    assert [spender.wait(THREE_AN_HOUR, minute) for minute in (0, 10, 20, 60, 61, 70, 80, 81)] == [
        0,
        0,
        0,
        0,
        9,
        0,
        0,
        39,
    ]


def test_whoever_waits_as_long_as_was_said_is_let_in(spender: Spender) -> None:
    for minute in (0, 0.3, 0.7):
        spender.wait(THREE_AN_HOUR, minute)
    said = spender.wait(THREE_AN_HOUR, 17.2)
    assert spender.wait(THREE_AN_HOUR, 17.2 + said) == 0


def test_a_refusal_does_not_count(spender: Spender) -> None:
    for _ in range(3):
        spender.wait(THREE_AN_HOUR)
    assert {spender.wait(THREE_AN_HOUR, 30) for _ in range(20)} == {30}
    assert spender.wait(THREE_AN_HOUR, 60) == 0


def test_of_two_limits_the_longer_wait_is_said(spender: Spender) -> None:
    assert [spender.wait(ALSO_FIVE_A_DAY, minute) for minute in (0, 0, 0, 61, 61)] == [0] * 5
    assert spender.wait(ALSO_FIVE_A_DAY, 62) == 24 * 60 - 62
    for minute in (1439, 1440, 1440, 1440):
        spender.wait(ALSO_FIVE_A_DAY, minute)
    assert spender.wait(ALSO_FIVE_A_DAY, 1441) == 60


def test_budgets_are_apart_by_owner_and_by_limit(spender: Spender) -> None:
    for owner, limit in itertools.product(
        ("dana@example.org", "omar@example.org", 17, 18), (THREE_AN_HOUR, ALSO_FIVE_A_DAY)
    ):
        assert [spender.wait(limit, whose=owner) for _ in range(4)] == [0, 0, 0, 60]


def test_a_clock_that_is_set_back_gives_nothing_away(spender: Spender) -> None:
    for _ in range(3):
        spender.wait(THREE_AN_HOUR)
    assert spender.wait(THREE_AN_HOUR, -30) == 90


def test_a_row_keeps_no_more_than_it_needs_and_not_whose_it_is(spender: Spender, tmp_path: Path) -> None:
    for minute in range(0, 600, 7):
        spender.wait(THREE_AN_HOUR, minute)
    (row,) = spender.rows()
    assert len(row.spent) <= 3
    spender.database.close()
    assert b"dana" not in b"".join(path.read_bytes() for path in tmp_path.glob("core.db*"))


def test_s5_of_many_who_spend_at_once_as_many_succeed_as_may(spender: Spender) -> None:
    with ThreadPoolExecutor(16) as threads:
        waits = list(threads.map(lambda _: spender.wait(THREE_AN_HOUR), range(48)))
    assert waits.count(0) == 3


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(0, 40), max_size=25))
def test_no_stretch_of_time_ever_holds_more_than_was_allowed(spender: Spender, gaps: list[float]) -> None:
    owner = next(OWNERS)
    moments = list(itertools.accumulate(gaps))
    spent = [minute for minute in moments if spender.wait(THREE_AN_HOUR, minute, owner) == 0]
    assert all(late - early >= 60 - 1e-6 for early, late in zip(spent, spent[3:], strict=False))


def test_the_budgets_are_those_of_the_rules() -> None:
    assert limits.MAILBOX_LETTERS.allowances == ((3, HOUR), (5, DAY))
    assert limits.CHAT_REQUESTS.allowances == ((rules.CHAT_REQUESTS_AN_HOUR, HOUR),)
    assert limits.CHAT_TICKETS.allowances == ((rules.CHAT_TICKETS_A_DAY, DAY),)


def test_no_limit_counts_longer_than_budgets_are_kept() -> None:
    seconds = [each for limit in vars(limits).values() if isinstance(limit, Limit) for _, each in limit.allowances]
    assert max(seconds) == limits.LONGEST_SECONDS
