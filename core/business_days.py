"""Business days as the help desk keeps them: Monday to Friday in California, without the days its offices are closed.

California names more holidays (Government Code 6700: Juneteenth, Diwali, Susan B. Anthony Day and others) than its
offices close on. They close on those that Government Code 19853 gives state employees, which are the ones of CalHR's
page "State Holidays": a holiday on a Sunday moves to the Monday after it, Veterans Day on a Saturday to the Friday
before it, and no other Saturday moves. The package `holidays` knows the dates, but moves Saturdays as federal offices
do.
"""

from collections.abc import Container
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

CALIFORNIA = ZoneInfo("America/Los_Angeles")
CLOSES = time(17)
VETERANS_DAY = "Veterans Day"
OFFICES_CLOSE_ON = frozenset(
    {
        "New Year's Day",
        "Martin Luther King Jr. Day",
        "Presidents' Day",
        "Cesar Chavez Day",
        "Memorial Day",
        "Independence Day",
        "Labor Day",
        VETERANS_DAY,
        "Thanksgiving Day",
        "Day After Thanksgiving",
        "Christmas Day",
    }
)


def answer_by(asked: datetime, days: int, closed: Container[date] | None = None) -> datetime:
    """Return the end (17:00 Pacific, as UTC) of the given number of business days after the day of `asked`.

    `closed` holds the days on which nobody works; those on which state offices are closed when it is not given.
    """
    day = asked.astimezone(CALIFORNIA).date()
    while days:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in (state_holidays(day.year) if closed is None else closed):
            days -= 1
    return datetime.combine(day, CLOSES, CALIFORNIA).astimezone(UTC)


@cache
def state_holidays(year: int) -> frozenset[date]:
    """Return the days of a year on which California's state offices are closed; some of them may be Saturdays."""
    from holidays import country_holidays  # takes 0.1-0.4 s: not before the first promise

    found = country_holidays("US", subdiv="CA", years=year, language="en_US")
    return frozenset(day for day in found if any(_closes_offices(name, day) for name in found.get_list(day)))


def _closes_offices(name: str, day: date) -> bool:
    holiday = name.removesuffix(" (observed)")
    is_moved_by_law = holiday == VETERANS_DAY or day.weekday() == 0
    return holiday in OFFICES_CLOSE_ON and (holiday == name or is_moved_by_law)
