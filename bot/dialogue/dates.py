"""Dates as people write them in each language."""

from datetime import date, datetime
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

from core.business_days import CALIFORNIA
from core.office_days import Calendar
from knowledge.library import Language, Library
from knowledge.office_days import office_days


def written(language: Language, day: date) -> str:
    """Return the day with its weekday, as "Tuesday, November 24, 2026"."""
    return format_date(day, "full", locale_of(language.code))


def written_moment(language: Language, moment: datetime) -> str:
    """Return the day on which the moment falls in California."""
    return written(language, moment.astimezone(CALIFORNIA).date())


@cache
def locale_of(code: str) -> Locale:
    """Return how a language is written in the United States, or at large; English where nobody knows the language."""
    for name in (f"{code}-US", code):
        try:
            return Locale.parse(name, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en", "US")


def calendar(library: Library) -> Calendar:
    """Return the help desk's calendar, with the days that the facts name."""
    own = office_days(library.facts)
    return Calendar(own.closed_also, own.open_although)
