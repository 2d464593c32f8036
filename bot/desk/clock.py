"""Moments as the desk shows them: in California's time, in the words of the pages' language."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from babel.dates import format_date

from bot.dialogue.dates import locale_of
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
        locale = locale_of(self.language.code)
        month, weekday = format_date(local, "MMM", locale), format_date(local, "EEE", locale)
        key = "moment" if local.year == self.now.astimezone(CALIFORNIA).year else "moment_with_year"
        return self.language.desk_text(
            key, weekday=weekday, month=month, day=local.day, time=f"{local:%H:%M}", year=local.year
        )

    def day(self, day: date) -> str:
        """Return a day without its year."""
        month = format_date(day, "MMM", locale_of(self.language.code))
        return self.language.desk_text("day", month=month, day=day.day)

    def iso(self, at: datetime) -> str:
        """Return the moment for a machine."""
        return at.isoformat()

    def urgency(self, at: datetime) -> str:
        """Return "late", "soon" (within hours) or "later"."""
        if at <= self.now:
            return "late"
        return "soon" if at <= self.now + timedelta(hours=SOON_HOURS) else "later"
