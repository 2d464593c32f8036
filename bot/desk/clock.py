"""Moments as the desk shows them: in California's time, in the words of the pages' language."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core.business_days import CALIFORNIA
from knowledge.library import Language

SOON_HOURS = 4


@dataclass(frozen=True, slots=True)
class Clock:
    """Writes moments; `now` is when the page was made."""

    language: Language
    now: datetime

    def moment(self, at: datetime) -> str:
        """Return the day and time of a moment, the year where it is not this one."""
        local = at.astimezone(CALIFORNIA)
        month = self.language.phrase("months").split()[local.month - 1]
        weekday = self.language.phrase("weekdays").split()[local.weekday()]
        key = "moment" if local.year == self.now.astimezone(CALIFORNIA).year else "moment_with_year"
        return self.language.desk_text(
            key, weekday=weekday[:3], month=month[:3], day=local.day, time=f"{local:%H:%M}", year=local.year
        )

    def day(self, day: date) -> str:
        """Return a day without its year."""
        month = self.language.phrase("months").split()[day.month - 1]
        return self.language.desk_text("day", month=month[:3], day=day.day)

    def iso(self, at: datetime) -> str:
        """Return the moment for a machine."""
        return at.isoformat()

    def urgency(self, at: datetime) -> str:
        """Return "late", "soon" (within hours) or "later"."""
        if at <= self.now:
            return "late"
        return "soon" if at <= self.now + timedelta(hours=SOON_HOURS) else "later"
