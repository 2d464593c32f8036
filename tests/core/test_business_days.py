"""Business days: the help desk's promise counts the days on which California's offices are open."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.business_days import CALIFORNIA, answer_by, state_holidays


def promised(asked: str, days: int = 2) -> str:
    """Return the promise for a moment in California, as one reads it there."""
    moment = datetime.fromisoformat(asked).replace(tzinfo=CALIFORNIA)
    return f"{answer_by(moment, days).astimezone(CALIFORNIA):%a %Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("asked", "promise"),
    [
        ("2026-11-16 10:00", "Wed 2026-11-18 17:00"),
        ("2026-11-16 00:00", "Wed 2026-11-18 17:00"),
        ("2026-11-16 23:59", "Wed 2026-11-18 17:00"),
        ("2026-11-19 10:00", "Mon 2026-11-23 17:00"),
        ("2026-11-20 18:00", "Tue 2026-11-24 17:00"),
        ("2026-11-21 10:00", "Tue 2026-11-24 17:00"),
        ("2026-11-22 10:00", "Tue 2026-11-24 17:00"),
        ("2026-11-25 10:00", "Tue 2026-12-01 17:00"),
        ("2026-12-24 10:00", "Tue 2026-12-29 17:00"),
        ("2026-12-31 10:00", "Tue 2027-01-05 17:00"),
    ],
    ids=[
        "Monday",
        "midnight",
        "late",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
        "Thanksgiving",
        "Christmas",
        "New Year",
    ],
)
def test_two_business_days_skip_weekends_and_holidays(asked: str, promise: str) -> None:
    assert promised(asked) == promise


def test_the_day_is_californias_and_not_greenwichs() -> None:
    monday_evening = datetime(2026, 11, 17, 7, 0, tzinfo=UTC)
    assert answer_by(monday_evening, 1) == datetime(2026, 11, 18, 1, 0, tzinfo=UTC)


def test_five_in_the_afternoon_stays_that_when_the_clocks_change() -> None:
    assert promised("2026-03-06 10:00", 1) == "Mon 2026-03-09 17:00"
    assert promised("2026-10-30 10:00", 1) == "Mon 2026-11-02 17:00"


@pytest.mark.parametrize(
    ("year", "closed"),
    [
        (2013, "01-01 01-21 02-18 04-01 05-27 07-04 09-02 11-11 11-28 11-29 12-25"),
        (2014, "01-01 01-20 02-17 03-31 05-26 07-04 09-01 11-11 11-27 11-28 12-25"),
        (2023, "01-02 01-16 02-20 03-31 05-29 07-04 09-04 11-10 11-23 11-24 12-25"),
        (2024, "01-01 01-15 02-19 04-01 05-27 07-04 09-02 11-11 11-28 11-29 12-25"),
        (2026, "01-01 01-19 02-16 03-31 05-25 09-07 11-11 11-26 11-27 12-25"),
        (2027, "01-01 01-18 02-15 03-31 05-31 07-05 09-06 11-11 11-25 11-26"),
    ],
)
def test_offices_close_on_the_weekdays_of_the_states_own_list(year: int, closed: str) -> None:
    weekdays = sorted(day for day in state_holidays(year) if day.weekday() < 5)
    assert " ".join(f"{day:%m-%d}" for day in weekdays) == closed


@pytest.mark.parametrize(
    "day",
    ["2024-02-15", "2026-06-19", "2026-07-03", "2026-10-12", "2027-06-18", "2027-10-29", "2027-12-24", "2027-12-31"],
    ids=["Anthony", "Juneteenth", "July 3", "Columbus", "June 18", "Diwali", "December 24", "December 31"],
)
def test_a_day_on_which_offices_open_delays_no_promise(day: str) -> None:
    open_day = date.fromisoformat(day)
    before = open_day - timedelta(days=1)
    assert open_day.weekday() < 5
    assert promised(f"{before} 10:00", 1).split()[1] == day


def test_what_is_closed_may_be_said() -> None:
    asked = datetime(2026, 11, 16, 18, 0, tzinfo=UTC)
    assert answer_by(asked, 1, closed={date(2026, 11, 17)}).astimezone(CALIFORNIA).date() == date(2026, 11, 18)
    assert answer_by(datetime(2026, 12, 24, 18, 0, tzinfo=UTC), 1, closed=()).astimezone(CALIFORNIA).date() == date(
        2026, 12, 25
    )


def test_the_language_of_the_machine_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    in_english = state_holidays(2031)
    monkeypatch.setenv("LANGUAGE", "th")
    state_holidays.cache_clear()
    assert state_holidays(2031) == in_english


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 10 * 365), st.integers(1, 5))
def test_a_promise_falls_on_an_open_day_with_as_many_open_days_before_it(after: float, days: int) -> None:
    asked = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=after)
    first = asked.astimezone(CALIFORNIA).date()
    last = answer_by(asked, days).astimezone(CALIFORNIA).date()
    between = [first + timedelta(days=number) for number in range(1, (last - first).days + 1)]
    is_open = [day.weekday() < 5 and day not in state_holidays(day.year) for day in between]
    assert is_open[-1]
    assert sum(is_open) == days


def test_the_list_of_holidays_is_not_read_before_the_first_promise() -> None:
    code = "import sys, core.tickets; sys.exit('holidays' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
