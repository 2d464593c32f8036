"""Dates as people write them, in the words of a language's phrases."""

from datetime import date, datetime

from core.business_days import CALIFORNIA
from core.office_days import Calendar
from knowledge.library import Language, Library
from knowledge.office_days import office_days


def written(language: Language, day: date) -> str:
    """Return the day with its weekday, in the form of the phrase `date`, as "Tuesday, November 24, 2026"."""
    weekday = language.phrase("weekdays").split()[day.weekday()]
    month = language.phrase("months").split()[day.month - 1]
    return language.phrase("date", weekday=weekday, month=month, day=day.day, year=day.year)


def written_moment(language: Language, moment: datetime) -> str:
    """Return the day on which the moment falls in California."""
    return written(language, moment.astimezone(CALIFORNIA).date())


def calendar(library: Library) -> Calendar:
    """Return the help desk's calendar, with the days that the facts name."""
    own = office_days(library.facts)
    return Calendar(own.closed_also, own.open_although)
