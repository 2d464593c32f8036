"""The calendar of the help desk: the state's holidays, and the days on which it is open or closed all the same."""

from dataclasses import dataclass
from datetime import date, datetime

from core import business_days


@dataclass(frozen=True, slots=True)
class Calendar:
    """Contains the days on which nobody works at the help desk; weekends are known without it."""

    closed_also: frozenset[date] = frozenset()
    open_although: frozenset[date] = frozenset()

    def __contains__(self, day: object) -> bool:
        """Whether the help desk is closed on this day."""
        if not isinstance(day, date) or day in self.open_although:
            return False
        return day in self.closed_also or day in business_days.state_holidays(day.year)

    def promise(self, now: datetime, days: int) -> datetime:
        """Return the end (17:00 Pacific, as UTC) of so many business days after the day of `now`."""
        return business_days.answer_by(now, days, self)


STATE_OFFICES = Calendar()
