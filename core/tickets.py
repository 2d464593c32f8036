"""Tickets: what the help desk owes an answer to, with the day by which it answers."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, limits, rules
from core.business_days import answer_by
from core.context import Context
from core.tables import Ticket

FIRST_NUMBER = 1001


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a person is told of a ticket: its number, when help answers, and how it stands."""

    number: int
    answer_by: datetime
    created_at: datetime
    state: str
    happened: str


def open_ticket(context: Context, happened: str, tried: str = "", telephone: str = "", hours: str = "") -> int:
    """Make a ticket of this chat and return its number; BudgetSpent when the chat has made too many today.

    Help answers within two business days (003: "1-2 business days").
    """
    limits.spend(context.session, context.keys, limits.CHAT_TICKETS, context.conversation, context.now)
    ticket = Ticket(
        conversation_id=context.conversation,
        reason="asked",
        state="open",
        language=context.language,
        happened=happened,
        tried=tried,
        telephone=telephone,
        hours=hours,
        created_at=context.now,
        answer_by=answer_by(context.now, rules.SUPPORT_REPLY_MAX_DAYS),
    )
    context.session.add(ticket)
    context.session.flush()
    audit.record(
        context.session,
        audit.Event.TICKET_OPENED,
        now=context.now,
        conversation_id=context.conversation,
        ticket=ticket.id,
    )
    return ticket.id + FIRST_NUMBER - 1


def open_for_service(
    session: Session, reason: str, happened: str, account_id: int | None, language: str, now: datetime
) -> int:
    """Make a ticket of what the service itself could not do (`letter`, `request`; G2); return its row id."""
    ticket = Ticket(
        account_id=account_id,
        reason=reason,
        state="open",
        language=language,
        happened=happened,
        tried="",
        telephone="",
        hours="",
        created_at=now,
        answer_by=answer_by(now, rules.SUPPORT_REPLY_MAX_DAYS),
    )
    session.add(ticket)
    session.flush()
    return ticket.id


def promised_by(context: Context, number: int) -> str:
    """Return until when help answers a ticket of this chat, as an ISO moment in UTC."""
    mine = (Ticket.id == number - FIRST_NUMBER + 1, Ticket.conversation_id == context.conversation)
    return context.session.scalars(select(Ticket.answer_by).where(*mine)).one().isoformat()


def receipts(context: Context, limit: int = 10) -> list[Receipt]:
    """Return the tickets of this chat, newest first, and nobody else's."""
    rows = context.session.scalars(
        select(Ticket).where(Ticket.conversation_id == context.conversation).order_by(Ticket.id.desc()).limit(limit)
    )
    return [Receipt(row.id + FIRST_NUMBER - 1, row.answer_by, row.created_at, row.state, row.happened) for row in rows]
