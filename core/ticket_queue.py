"""The queue of tickets as staff see it: filtered, searched, counted, page by page, in a few statements."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session

from core import ticket_words
from core.tables import Staff, Ticket
from core.tickets import RESOLVED, STATES, WAITING, id_of, number_of

PAGE = 50
LONGEST_NUMBER = 10  # digits of a ticket's number
SHORTEST_TELEPHONE = 7  # digits that may be either
UNRESOLVED = {"unresolved", *STATES} - {RESOLVED}

Whose = Literal["all", "mine", "nobody"]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which tickets to show: of a state ("unresolved" for every one that is not), of somebody, with words in them."""

    state: str = "unresolved"
    whose: Whose = "all"
    words: str = ""
    late_at: datetime | None = None
    after: tuple[datetime, int] | None = None  # the last ticket of the page before


@dataclass(frozen=True, slots=True)
class Row:
    """A ticket as the queue shows it."""

    id: int
    number: int
    state: str
    subject: str
    happened: str
    owner: str
    verified: bool
    created_at: datetime
    due_at: datetime
    missed: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some tickets, the most urgent first, and whether there are more."""

    rows: list[Row]
    more: bool


def page(session: Session, filters: Filters, staff: int, size: int = PAGE) -> Page:
    """Return the tickets that pass the filters: by due day, or newest first where resolved ones may be among them."""
    by_due = filters.state in UNRESOLVED and not filters.words.strip()
    query = (
        select(
            Ticket.id,
            Ticket.state,
            Ticket.subject,
            func.substr(Ticket.happened, 1, 200).label("happened"),
            Staff.name.label("owner"),
            Ticket.verified_at,
            Ticket.created_at,
            Ticket.due_at,
            Ticket.missed_at,
        )
        .outerjoin(Staff, Staff.id == Ticket.owner_id)
        .where(*_conditions(filters, staff))
    )
    if filters.after is not None:
        moment, last = filters.after
        query = query.where(
            or_(Ticket.due_at > moment, and_(Ticket.due_at == moment, Ticket.id > last)) if by_due else Ticket.id < last
        )
    query = query.order_by(Ticket.due_at, Ticket.id) if by_due else query.order_by(Ticket.id.desc())
    found = session.execute(query.limit(size + 1)).all()
    rows = [
        Row(
            id=each.id,
            number=number_of(each.id),
            state=each.state,
            subject=each.subject,
            happened=each.happened,
            owner=each.owner or "",
            verified=each.verified_at is not None,
            created_at=each.created_at,
            due_at=each.due_at,
            missed=each.missed_at is not None,
        )
        for each in found[:size]
    ]
    return Page(rows, len(found) > size)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many tickets there are in each state; how many of the unresolved are late, and how many each has (None)."""

    states: dict[str, int]
    late: int
    owned: dict[int | None, int]

    def shown_to(self, staff: int) -> dict[str, int]:
        """Return the numbers by state, and those of all unresolved ones: "unresolved", "mine", "nobody" and "late"."""
        unresolved = sum(number for state, number in self.states.items() if state != RESOLVED)
        mine, nobody = self.owned.get(staff, 0), self.owned.get(None, 0)
        return {**self.states, "unresolved": unresolved, "mine": mine, "nobody": nobody, "late": self.late}


def counts(session: Session, now: datetime) -> Counts:
    """Return how many tickets there are, in two statements."""
    of_state: dict[str, int] = dict.fromkeys(STATES, 0)
    for state, number in session.execute(select(Ticket.state, func.count()).group_by(Ticket.state)):
        of_state[state] = number
    owned = session.execute(
        select(Ticket.owner_id, func.count(), func.count().filter(_is_late(now)))
        .where(Ticket.closed_at.is_(None))
        .group_by(Ticket.owner_id)
    ).all()
    return Counts(of_state, sum(late for _, _, late in owned), {owner: number for owner, number, _ in owned})


def _conditions(filters: Filters, staff: int) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.state == RESOLVED:
        # By the state's index all of them would be sorted for the newest few: 60 ms of 100,000 tickets.
        conditions.append(Ticket.closed_at.is_not(None))
    elif filters.state in STATES:
        conditions.append(Ticket.state == filters.state)
    elif filters.state == "unresolved":
        conditions.append(Ticket.closed_at.is_(None))
    if filters.whose == "mine":
        conditions.append(Ticket.owner_id == staff)
    elif filters.whose == "nobody":
        conditions.append(Ticket.owner_id.is_(None))
    if filters.late_at is not None:
        conditions.append(_is_late(filters.late_at))
    words = filters.words.strip()
    number = words.removeprefix("#")
    has_words = and_(true(), *ticket_words.found(words))
    if number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER:
        is_it = Ticket.id == id_of(int(number))
        conditions.append(or_(is_it, has_words) if len(number) >= SHORTEST_TELEPHONE else is_it)
    else:
        conditions.append(has_words)
    return conditions


def _is_late(now: datetime) -> ColumnElement[bool]:
    """Return what holds of a ticket whose promise was missed; one that waits for its person owes them nothing."""
    return and_(Ticket.state != WAITING, or_(Ticket.due_at <= now, Ticket.missed_at.is_not(None)))
