"""What the days of a period came to together: two statements over the counted days, whatever the size of the tables."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.day_counts import Measure
from core.tables import DayCount

_OF_ENTRIES = (Measure.ANSWERED, Measure.CHOSEN, Measure.AGAIN, Measure.FOR_PERSON, Measure.UNHELPFUL)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a day, or several, came to by measure."""

    numbers: Mapping[Measure, int]

    def __getitem__(self, measure: str) -> int:
        """Return the number of a measure."""
        return self.numbers.get(Measure(measure), 0)

    @property
    def asked(self) -> int:
        """How many questions were asked; a choice among what was offered is none of its own."""
        return self["answered"] + self["offered"] + self["unknown"]

    @property
    def answers(self) -> int:
        """How many answers were given, at once or by choice."""
        return self["answered"] + self["chosen"]

    @property
    def deflected(self) -> float | None:
        """The share of answers after which the chat asked neither the same nor for a person; None of none."""
        came_back = self["again"] + self["for_person"]
        return max(1 - came_back / self.answers, 0.0) if self.answers else None

    @property
    def promises_kept(self) -> float | None:
        """The share of the promised days that were kept; None where none has passed."""
        promised = self["kept"] + self["missed"]
        return self["kept"] / promised if promised else None


@dataclass(frozen=True, slots=True)
class Report:
    """A period: by day, by entry, all together; `counted_at` is when its last day was counted, None if none was."""

    days: Mapping[date, Tally]
    entries: Mapping[str, Tally]
    total: Tally
    first_replies: Mapping[int, int]  # within how many hours -> how many
    counted_at: datetime | None

    def first_reply_within(self, share: float) -> int | None:
        """Return within how many hours this share of the tickets had their first reply; None where none had one."""
        left = share * sum(self.first_replies.values())
        for hours, number in sorted(self.first_replies.items()):
            left -= number
            if left <= 0:
                return hours
        return None


def report(session: Session, first: date, last: date) -> Report:
    """Return what the days from `first` to `last` came to."""
    period = DayCount.day.between(first, last)
    days: dict[date, dict[Measure, int]] = defaultdict(dict)
    counted_at: datetime | None = None
    by_day = select(DayCount.day, DayCount.measure, func.sum(DayCount.number), func.max(DayCount.counted_at))
    for day, measure, number, at in session.execute(by_day.where(period).group_by(DayCount.day, DayCount.measure)):
        days[day][Measure(measure)] = int(number)
        counted_at = max(filter(None, (counted_at, at)))
    entries: dict[str, dict[Measure, int]] = defaultdict(dict)
    first_replies: dict[int, int] = {}
    by_detail = select(DayCount.measure, DayCount.detail, func.sum(DayCount.number)).where(
        period, DayCount.detail != "", DayCount.measure.in_((*_OF_ENTRIES, Measure.FIRST_REPLY))
    )
    for measure, detail, number in session.execute(by_detail.group_by(DayCount.measure, DayCount.detail)):
        if measure == Measure.FIRST_REPLY:
            first_replies[int(detail)] = int(number)
        else:
            entries[detail][Measure(measure)] = int(number)
    return Report(
        {day: Tally(numbers) for day, numbers in sorted(days.items())},
        {entry: Tally(numbers) for entry, numbers in entries.items()},
        together(Tally(numbers) for numbers in days.values()),
        first_replies,
        counted_at,
    )


def together(tallies: Iterable[Tally]) -> Tally:
    """Return what several came to together."""
    numbers: Counter[Measure] = Counter()
    for each in tallies:
        numbers.update(each.numbers)
    return Tally(numbers)
