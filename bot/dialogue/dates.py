"""Dates as people write them, in the words of a language's phrases."""

from datetime import date

from knowledge.library import Language


def written(language: Language, day: date) -> str:
    """Return the day with its weekday, in the form of the phrase `date`, as "Tuesday, November 24, 2026"."""
    weekday = language.phrase("weekdays").split()[day.weekday()]
    month = language.phrase("months").split()[day.month - 1]
    return language.phrase("date", weekday=weekday, month=month, day=day.day, year=day.year)
