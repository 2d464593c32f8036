"""Lessons of resolved tickets: a phrasing that a person used and the answer that helped, marked by staff for editors.

A lesson is a line of its ticket's history, and so is that it was put away. Nothing here changes what the bot knows.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Text, cast, literal, literal_column, or_, select
from sqlalchemy.orm import Session, aliased

from core import audit, ticket_history
from core.audit import Event
from core.context import Desk
from core.questions import is_question
from core.refusals import TicketRefused
from core.tables import Account, Message, Staff, Ticket, TicketEvent
from core.ticket_history import Kind
from core.ticket_work import held
from core.tickets import RESOLVED, number_of

LISTED = 200
_AWAY = "put away "  # how the key begins of the line that says so; the id of the lesson follows
_Away = aliased(TicketEvent)


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry that is to be written: a question, what answers it, and the id of its source."""

    question: str
    answer: str
    source: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """A phrasing, and the entry to which it belongs; `new` is that entry where there is none yet."""

    phrasing: str
    entry: str
    language: str
    new: NewEntry | None = None
    id: int = 0
    ticket: int = 0
    number: int = 0
    staff: str = ""
    at: datetime | None = None
    away_by: str = ""
    away_at: datetime | None = None  # when it was put away


@dataclass(frozen=True, slots=True)
class Names:
    """What names people: those of the ticket's account, and those who work at the help desk."""

    person: tuple[str, ...]
    staff: tuple[str, ...]


def teach(desk: Desk, ticket: int, lesson: Lesson) -> int:
    """Note a lesson and return its id; TicketRefused where the ticket is not resolved, or is none."""
    found = held(desk, ticket)
    if found.state != RESOLVED:
        raise TicketRefused("teach_unresolved")
    new = lesson.new or NewEntry("", "", "")
    return ticket_history.add(
        desk.session,
        ticket,
        Kind.TAUGHT,
        desk.now,
        staff=desk.staff,
        text=lesson.phrasing,
        entry=lesson.entry,
        language=lesson.language,
        question=new.question,
        answer=new.answer,
        source=new.source,
    )


def put_away(desk: Desk, ticket: int, line: int) -> None:
    """Note who put the lesson away, and when, the first time; TicketRefused where there is none."""
    held(desk, ticket)
    found = lesson(desk.session, ticket, line)
    if found is None:
        raise TicketRefused("lesson_unknown")
    if found.away_at is not None:
        return
    ticket_history.add(
        desk.session,
        ticket,
        Kind.PUT_AWAY,
        desk.now,
        staff=desk.staff,
        text=found.phrasing,
        key=f"{_AWAY}{line}",
        lesson=line,
    )
    about = {"staff": desk.staff or 0, "ticket": ticket, "lesson": line}
    audit.record(desk.session, Event.LESSON_PUT_AWAY, now=desk.now, **about)


def lesson(session: Session, ticket: int, line: int) -> Lesson | None:
    """Return a lesson of this ticket; None when there is none of this id."""
    found = _lessons(session, TicketEvent.ticket_id == ticket, TicketEvent.id == line)
    return found[0] if found else None


def listed(session: Session, since: datetime) -> list[Lesson]:
    """Return what was taught since then, and before as far as it was not put away; newest first."""
    return _lessons(session, or_(TicketEvent.at >= since, _Away.id.is_(None)))


def names(session: Session, ticket: int) -> Names:
    """Return what names the ticket's person as far as it is known, and staff."""
    row = session.execute(
        select(Account.first_name, Account.last_name, Account.username)
        .select_from(Ticket)
        .outerjoin(Account, Account.id == Ticket.account_id)
        .where(Ticket.id == ticket)
    ).one_or_none()
    return Names(tuple(filter(None, row or ())), tuple(session.scalars(select(Staff.name))))


def lines_of_person(session: Session, ticket: Ticket, to_staff: str, most: int = 60) -> list[str]:
    """Return what the ticket's person asked before it was resolved, as the transcript holds it, oldest first.

    `to_staff` is the meaning of what was written to staff; what answers the bot's own questions is left out.
    """
    said = [ticket.happened]
    if ticket.conversation_id is not None:
        query = (
            select(Message.text)
            .where(Message.conversation_id == ticket.conversation_id, Message.author == "person")
            .where(Message.at <= ticket.closed_at, or_(is_question(), Message.meaning == to_staff))
            .order_by(Message.id.desc())
            .limit(most)
        )
        said += reversed(session.scalars(query).all())
    return list(dict.fromkeys(said))


def _lessons(session: Session, *conditions: ColumnElement[bool]) -> list[Lesson]:
    by = aliased(Staff)
    rows = session.execute(
        select(TicketEvent, Staff.name, by.name, _Away.at)
        .outerjoin(Staff, Staff.id == TicketEvent.staff_id)
        .outerjoin(_Away, _Away.key == literal(_AWAY) + cast(TicketEvent.id, Text))
        .outerjoin(by, by.id == _Away.staff_id)
        .where(TicketEvent.kind == literal_column(f"'{Kind.TAUGHT}'"), *conditions)
        .order_by(TicketEvent.at.desc(), TicketEvent.id.desc())
        .limit(LISTED)
    )
    return [_lesson(line, name or "", away_by or "", away_at) for line, name, away_by, away_at in rows]


def _lesson(line: TicketEvent, staff: str, away_by: str, away_at: datetime | None) -> Lesson:
    detail = line.detail
    new = NewEntry(detail["question"], detail["answer"], detail["source"]) if detail["question"] else None
    return Lesson(
        line.text,
        detail["entry"],
        detail["language"],
        new,
        line.id,
        line.ticket_id,
        number_of(line.ticket_id),
        staff,
        line.at,
        away_by,
        away_at,
    )
