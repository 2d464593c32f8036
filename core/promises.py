"""Promises: staff are warned before one is missed; where it is missed, the person gets an honest word and a new day."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from core import rules, ticket_history
from core.context import Desk
from core.tables import Conversation, Ticket
from core.takeover import set_due
from core.ticket_history import Kind
from core.tickets import WAITING, number_of


@dataclass(frozen=True, slots=True)
class Missed:
    """A promise that was not kept: which ticket's, where its person is, and the new day."""

    ticket: int
    number: int
    conversation: int | None
    language: str
    promised: datetime
    due_at: datetime


def warn(desk: Desk, limit: int = 100) -> int:
    """Note in the tickets that are due within hours that they are; return how many there were."""
    soon = desk.now + timedelta(hours=rules.TICKET_WARN_HOURS)
    rows = desk.session.scalars(
        select(Ticket)
        .where(Ticket.closed_at.is_(None), Ticket.warned_at.is_(None), Ticket.due_at <= soon)
        .order_by(Ticket.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.warned_at = desk.now
        ticket_history.add(desk.session, row.id, Kind.WARNED, desk.now, due=row.due_at.isoformat())
    return len(rows)


def miss(desk: Desk, limit: int = 100) -> list[Missed]:
    """Note the promises that have passed, promise the end of the next business day instead, and return them.

    A ticket that waits for its person owes them nothing: it is only warned of.
    """
    due = (Ticket.closed_at.is_(None), Ticket.state != WAITING, Ticket.due_at <= desk.now)
    first = desk.session.execute(
        select(Ticket.id, Ticket.conversation_id).where(*due).order_by(Ticket.due_at).limit(limit)
    ).all()
    # Chats are locked before tickets, as everywhere; one in which the bot is busy waits for the next time.
    chats = {each.conversation_id for each in first if each.conversation_id is not None}
    free = set(
        desk.session.scalars(
            select(Conversation.id)
            .where(Conversation.id.in_(chats))
            .order_by(Conversation.id)
            .with_for_update(skip_locked=True)
        )
    )
    ours = [each.id for each in first if each.conversation_id is None or each.conversation_id in free]
    rows = desk.session.scalars(
        select(Ticket).where(Ticket.id.in_(ours), *due).order_by(Ticket.due_at).with_for_update(skip_locked=True)
    ).all()
    missed = []
    for row in rows:
        promised = row.due_at
        set_due(row, desk.calendar.promise(desk.now, rules.SUPPORT_REPLY_MIN_DAYS))
        row.missed_at = desk.now
        ticket_history.add(desk.session, row.id, Kind.MISSED, desk.now, promised=promised.isoformat())
        missed.append(Missed(row.id, number_of(row.id), row.conversation_id, row.language, promised, row.due_at))
    return missed
