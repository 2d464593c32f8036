"""A ticket's history: what happened to it and who did it; lines are added and never changed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.tables import Owed, Staff, TicketEvent


class Kind(StrEnum):
    """What can happen to a ticket."""

    OPENED = "opened"
    TAKEN = "taken"
    HANDED_OVER = "handed_over"
    REPLY = "reply"
    NOTE = "note"
    STEP = "step"
    SUBJECT = "subject"
    WAITING = "waiting"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    PERSON_WROTE = "person_wrote"
    BOT_BACK = "bot_back"
    LOOKED = "looked"
    STARTED = "started"
    WARNED = "warned"
    MISSED = "missed"
    TAUGHT = "taught"
    PUT_AWAY = "put_away"
    MAILBOX_OPENED = "mailbox_opened"
    MAILBOX_APPROVED = "mailbox_approved"
    MAILBOX_NOTICE_REFUSED = "mailbox_notice_refused"
    MAILBOX_PROVED = "mailbox_proved"
    MAILBOX_PROOF_REFUSED = "mailbox_proof_refused"
    MAILBOX_LAPSED = "mailbox_lapsed"
    MAILBOX_STOPPED = "mailbox_stopped"
    MAILBOX_REFUSED = "mailbox_refused"
    MAILBOX_WITHDRAWN = "mailbox_withdrawn"
    MAILBOX_CONTESTED = "mailbox_contested"
    MAILBOX_DONE = "mailbox_done"


Delivered = Literal["", "waiting", "sent", "refused"]


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of a history; `delivered` says whether what was written has reached the person's channel."""

    id: int
    ticket: int
    at: datetime
    kind: str
    staff: str
    text: str
    detail: dict[str, Any]
    delivered: Delivered
    failure: str


def add(
    session: Session,
    ticket: int,
    kind: Kind,
    now: datetime,
    *,
    staff: int | None = None,
    text: str = "",
    key: str | None = None,
    owed: int | None = None,
    **detail: int | str,
) -> int:
    """Add a line and return its id; `key` is one that no other line has, `owed` the outbox row that left with it."""
    line = TicketEvent(
        ticket_id=ticket, at=now, staff_id=staff, kind=kind, text=text, detail=dict(detail), key=key, owed_id=owed
    )
    session.add(line)
    session.flush()
    return line.id


def history(session: Session, ticket: int) -> list[Happened]:
    """Return the history of a ticket, oldest first."""
    return _lines(session, TicketEvent.ticket_id == ticket)


def since(session: Session, line: int, limit: int) -> list[tuple[int, int]]:
    """Return the lines of all histories after the one with this id, as (line, ticket), in the order of their ids."""
    rows = session.execute(
        select(TicketEvent.id, TicketEvent.ticket_id).where(TicketEvent.id > line).order_by(TicketEvent.id).limit(limit)
    )
    return [(each.id, each.ticket_id) for each in rows]


def newest(session: Session) -> int:
    """Return the id of the last line of all histories."""
    return session.scalar(select(func.max(TicketEvent.id))) or 0


def _lines(session: Session, condition: Any, limit: int = 2000) -> list[Happened]:
    rows = session.execute(
        select(TicketEvent, Staff.name, Owed.settled_at, Owed.outcome)
        .outerjoin(Staff, Staff.id == TicketEvent.staff_id)
        .outerjoin(Owed, Owed.id == TicketEvent.owed_id)
        .where(condition)
        .order_by(TicketEvent.id)
        .limit(limit)
    ).all()
    return [
        Happened(
            line.id,
            line.ticket_id,
            line.at,
            line.kind,
            name or "",
            line.text,
            line.detail,
            _delivered(line.owed_id, settled_at, outcome),
            (outcome or "").removeprefix("refused: ") if (outcome or "").startswith("refused") else "",
        )
        for line, name, settled_at, outcome in rows
    ]


def _delivered(owed: int | None, settled_at: datetime | None, outcome: str | None) -> Delivered:
    if owed is None:
        return ""
    if settled_at is None:
        return "waiting"
    return "refused" if (outcome or "").startswith("refused") else "sent"
