"""What each day came to, at the bot and at the help desk: counted when it is over, kept as numbers, nobody's words.

Over two million messages the questions of ninety days take seconds to count anew; kept, they are a few thousand rows.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Row, and_, case, delete, func, literal, or_, select
from sqlalchemy.orm import Session

from core import rules
from core.business_days import CALIFORNIA
from core.database import insert
from core.questions import is_question
from core.tables import DayCount, Message, Ticket

PERSON_ASKED_FOR: Final = ("control person", "begin person")
NOT_HELPFUL: Final = "control not_helpful"


class Measure(StrEnum):
    """What is counted; the detail of a row is the entry, unless said otherwise."""

    ANSWERED = "answered"  # the bot was sure
    OFFERED = "offered"  # it was not, and let the person choose; no detail
    CHOSEN = "chosen"  # which of the offered the person took
    UNKNOWN = "unknown"  # it did not know; no detail
    AGAIN = "again"  # the same question in the same chat within 7 days
    FOR_PERSON = "for_person"  # a person was asked for next, within 7 days of the answer
    UNHELPFUL = "unhelpful"  # "that did not help" came next
    ESCALATED = "escalated"  # tickets that people opened; no detail
    FIRST_REPLY = "first_reply"  # first replies of staff; the detail is within how many hours
    KEPT = "kept"  # promised days on or before which the person had a reply; no detail
    MISSED = "missed"  # and those without; no detail
    COUNTED = "counted"  # that the day was counted at all


@dataclass(frozen=True, slots=True)
class Counted:
    """What one day came to by measure and detail, counted at a moment."""

    day: date
    at: datetime
    numbers: dict[tuple[Measure, str], int]


def due(session: Session, now: datetime) -> list[date]:
    """Return the days to be counted, newest first: those that were never counted whole, today ever so many minutes."""
    today = now.astimezone(CALIFORNIA).date()
    first = today - timedelta(days=rules.COUNTED_DAYS - 1)
    query = select(DayCount.day, DayCount.counted_at).where(DayCount.measure == Measure.COUNTED, DayCount.day >= first)
    counted = {each.day: each.counted_at for each in session.execute(query)}
    days = [today - timedelta(days=back) for back in range(rules.COUNTED_DAYS)]
    fresh_since = now - timedelta(minutes=rules.COUNTED_EVERY_MINUTES)
    return [day for day in days if day not in counted or counted[day] < min(_end(day), fresh_since)]


def counted(session: Session, day: date, now: datetime, small_talk: Collection[str]) -> Counted:
    """Return what a day came to, in two statements; entries that are `small_talk` are no questions."""
    numbers: Counter[tuple[Measure, str]] = Counter({(Measure.COUNTED, ""): 1})
    for each in _said(session, day, small_talk):
        for measure, detail in _measures(each):
            numbers[measure, detail] += each.number
    numbers.update(_of_tickets(session, day, now))
    return Counted(day, now, dict(numbers))


def keep(session: Session, found: Counted) -> None:
    """Keep what a day came to, in the place of what was counted before it was over."""
    session.execute(delete(DayCount).where(DayCount.day == found.day, DayCount.counted_at < found.at))
    rows = [
        {"day": found.day, "measure": measure, "detail": detail, "number": number, "counted_at": found.at}
        for (measure, detail), number in found.numbers.items()
    ]
    session.execute(insert(session, DayCount).on_conflict_do_nothing(), rows)


def _said(session: Session, day: date, small_talk: Collection[str]) -> Iterable[Row[tuple[str, str, bool, bool, int]]]:
    """Return the questions of a day by what they were taken for, and by what had come before them in their chat."""
    is_remark = Message.meaning.in_((*PERSON_ASKED_FOR, NOT_HELPFUL))
    said = (
        select(
            Message.at,
            Message.meaning,
            func.lag(Message.meaning).over(partition_by=Message.conversation_id, order_by=Message.id).label("before"),
            func.lag(Message.id)
            .over(partition_by=[Message.conversation_id, Message.meaning], order_by=Message.id)
            .label("same"),
        )
        .where(
            Message.author == "person",
            Message.at >= _begin(day - timedelta(days=rules.DEFLECTED_DAYS)),
            Message.at < _end(day),
            or_(is_question(), is_remark),
            Message.meaning.not_in([f"entry {each}" for each in small_talk]),
        )
        .cte("said")
    )
    before = func.coalesce(said.c.before, "")
    entry = func.substr(said.c.meaning, len("entry ") + 1)
    offered = (before + literal(" ")).like(literal("% ") + entry + literal(" %"))
    is_chosen = and_(before.like("choose %"), said.c.meaning.like("entry %"), offered)
    blamed = case((said.c.meaning.in_((*PERSON_ASKED_FOR, NOT_HELPFUL)), before), else_="")
    query = select(
        said.c.meaning,
        blamed.label("blamed"),
        is_chosen.label("is_chosen"),
        said.c.same.is_not(None).label("is_again"),
        func.count().label("number"),
    ).where(said.c.at >= _begin(day))
    return session.execute(query.group_by(said.c.meaning, blamed, is_chosen, said.c.same.is_not(None)))


def _measures(said: Row[tuple[str, str, bool, bool, int]]) -> Iterable[tuple[Measure, str]]:
    kind, _, entries = said.meaning.partition(" ")
    entry = entries.partition(" ")[0]
    blamed_kind, _, blamed = said.blamed.partition(" ")
    match kind:
        case "entry":
            yield (Measure.CHOSEN if said.is_chosen else Measure.ANSWERED), entry
            if said.is_again:
                yield Measure.AGAIN, entry
        case "choose":
            yield Measure.OFFERED, ""
        case "unknown":
            yield Measure.UNKNOWN, ""
        case _ if NOT_HELPFUL == said.meaning == said.blamed:
            return  # said of the same answer once more
        case _ if said.meaning == NOT_HELPFUL:
            yield Measure.UNHELPFUL, blamed.partition(" ")[0] if blamed_kind == "entry" else ""
        case _ if blamed_kind == "entry":
            yield Measure.FOR_PERSON, blamed.partition(" ")[0]


def _of_tickets(session: Session, day: date, now: datetime) -> Counter[tuple[Measure, str]]:
    begin, end = _begin(day), _end(day)
    columns = (Ticket.conversation_id, Ticket.created_at, Ticket.first_reply_at, Ticket.answer_by, Ticket.closed_at)
    query = select(*columns).where(
        or_(
            Ticket.created_at.between(begin, end),
            Ticket.first_reply_at.between(begin, end),
            Ticket.answer_by.between(begin, end),
        )
    )
    numbers: Counter[tuple[Measure, str]] = Counter()
    for conversation, created_at, first_reply_at, answer_by, closed_at in session.execute(query):
        if conversation is not None and begin <= created_at < end:
            numbers[Measure.ESCALATED, ""] += 1
        if first_reply_at is not None and begin <= first_reply_at < end:
            numbers[Measure.FIRST_REPLY, str(_hours(first_reply_at - created_at))] += 1
        if begin <= answer_by < end:
            done_at = min(filter(None, (first_reply_at, closed_at)), default=None)
            if done_at is not None and done_at <= answer_by:
                numbers[Measure.KEPT, ""] += 1
            elif answer_by <= now:
                numbers[Measure.MISSED, ""] += 1
    return numbers


def _hours(duration: timedelta) -> int:
    """Return within how many hours: 1 for a minute, 2 for an hour and a minute."""
    return max(-(-duration // timedelta(hours=1)), 1)


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), CALIFORNIA)


def _end(day: date) -> datetime:
    return _begin(day + timedelta(days=1))
