"""Takeover: staff have the chat, and the bot is quiet until the ticket is resolved or /bot brings it back."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import rules, ticket_history, ticket_words
from core.context import Context
from core.tables import Conversation, Ticket
from core.ticket_history import Kind
from core.tickets import OPEN, WAITING


def begin(session: Session, ticket: Ticket) -> bool:
    """Let staff have the ticket's chat; return whether that is news, which the person is to be told once."""
    if ticket.conversation_id is None:
        return False
    begun = session.scalars(
        update(Conversation)
        .where(Conversation.id == ticket.conversation_id, Conversation.taken_over_by.is_distinct_from(ticket.id))
        .values(taken_over_by=ticket.id)
        .returning(Conversation.id)
    ).all()
    return bool(begun)


def end(session: Session, ticket: int, conversation: int) -> bool:
    """Let the bot have the ticket's chat back; return whether it had been taken over by this ticket."""
    ended = session.scalars(
        update(Conversation)
        .where(Conversation.id == conversation, Conversation.taken_over_by == ticket)
        .values(taken_over_by=None)
        .returning(Conversation.id)
    ).all()
    return bool(ended)


def bring_back(context: Context, ticket: int) -> None:
    """Let the bot have the chat back, because the person asked for it; staff see that in the history."""
    if end(context.session, ticket, context.conversation):
        ticket_history.add(context.session, ticket, Kind.BOT_BACK, context.now)


def hear(context: Context, ticket: int, text: str, copied: str = "") -> bool:
    """Note in the ticket what the person wrote to staff (redacted); what waited for them is open again.

    An answer is owed within two business days of it. `copied` is the channel's id of a message that is more than text,
    for staff who can be shown a copy. False when the ticket is no longer there.
    """
    session, now = context.session, context.now
    row = session.scalars(select(Ticket).where(Ticket.id == ticket).with_for_update()).one_or_none()
    if row is None or row.closed_at is not None:
        return False
    if row.state == WAITING:
        row.state = OPEN
        set_due(row, context.calendar.promise(now, rules.SUPPORT_REPLY_MAX_DAYS))
    if copied:
        ticket_history.add(session, ticket, Kind.PERSON_WROTE, now, message=copied)
    else:
        ticket_history.add(session, ticket, Kind.PERSON_WROTE, now)
    ticket_words.learn(session, ticket, text)
    return True


def set_due(ticket: Ticket, moment: datetime) -> None:
    """Promise something of the ticket by another moment: neither warned of nor missed so far."""
    ticket.due_at = moment
    ticket.warned_at = None
    ticket.missed_at = None
