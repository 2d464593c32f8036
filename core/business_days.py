"""Business days as the help desk keeps them: Monday to Friday in California, without the state's holidays."""

from collections.abc import Container
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

CALIFORNIA = ZoneInfo("America/Los_Angeles")
CLOSES = time(17)


def answer_by(asked: datetime, days: int, closed: Container[date] | None = None) -> datetime:
    """Return the end (17:00 Pacific, as UTC) of the given number of business days after the day of `asked`.

    `closed` holds the days on which nobody works; California's state holidays when it is not given.
    """
    closed = state_holidays() if closed is None else closed
    day = asked.astimezone(CALIFORNIA).date()
    while days:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in closed:
            days -= 1
    return datetime.combine(day, CLOSES, CALIFORNIA).astimezone(UTC)


@cache
def state_holidays() -> Container[date]:
    """Return the days on which California's state offices are closed."""
    return holidays.country_holidays("US", subdiv="CA")
