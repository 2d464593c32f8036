"""Tickets: what the help desk owes an answer to, with the day by which it answers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, limits, rules, ticket_history, ticket_words
from core.context import Context
from core.office_days import Calendar
from core.tables import AccountRequest, Ticket
from core.ticket_history import Kind

FIRST_NUMBER = 1001
# The largest id that both databases can look for.
_LARGEST_ID = 2**31 - 1

State = Literal["new", "open", "waiting", "escalated", "resolved"]
NEW: Final = "new"
OPEN: Final = "open"
WAITING: Final = "waiting"
ESCALATED: Final = "escalated"
RESOLVED: Final = "resolved"
STATES: Final[tuple[State, ...]] = (NEW, OPEN, WAITING, ESCALATED, RESOLVED)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a person is told of a ticket: its number, when help answers next, and how it stands."""

    number: int
    answer_by: datetime
    created_at: datetime
    state: str
    happened: str


def open_ticket(
    context: Context, happened: str, tried: str = "", telephone: str = "", hours: str = "", subject: str = ""
) -> int:
    """Make a ticket of this chat and return its number; BudgetSpent when the chat has made too many today.

    Help answers within two business days (003: "1-2 business days"). `subject` is the id of a topic. The ticket knows
    the one before it in the same chat, and the account whose owner proved a mailed code here within a day.
    """
    session, now = context.session, context.now
    limits.spend(session, context.keys, limits.CHAT_TICKETS, context.conversation, now)
    verified = _verified_account(session, context.conversation, now)
    promised = context.calendar.promise(now, rules.SUPPORT_REPLY_MAX_DAYS)
    ticket = Ticket(
        conversation_id=context.conversation,
        account_id=verified,
        verified_at=now if verified else None,
        previous_id=session.scalar(
            select(Ticket.id).where(Ticket.conversation_id == context.conversation).order_by(Ticket.id.desc()).limit(1)
        ),
        subject=subject,
        state=NEW,
        escalated_to="",
        language=context.language,
        happened=happened,
        tried=tried,
        telephone=telephone,
        hours=hours,
        created_at=now,
        answer_by=promised,
        due_at=promised,
    )
    return number_of(_opened(session, ticket).id)


def open_for_service(
    session: Session,
    happened: str,
    account_id: int | None,
    language: str,
    now: datetime,
    calendar: Calendar,
) -> int:
    """Make a ticket of what the service itself could not do (G2), told in `happened`; return its row id."""
    promised = calendar.promise(now, rules.SUPPORT_REPLY_MAX_DAYS)
    ticket = _of_service(happened, language, now)
    ticket.account_id, ticket.answer_by, ticket.due_at = account_id, promised, promised
    return _opened(session, ticket).id


def open_urgent(
    session: Session, happened: str, previous: int, language: str, now: datetime, calendar: Calendar
) -> int:
    """Make a ticket that stands first in the queue, after the one with the row id `previous`; return its row id.

    It has no account, so that nobody writes from it to an address that may be the wrong one.
    """
    ticket = _of_service(happened, language, now)
    ticket.previous_id = previous
    ticket.answer_by = calendar.promise(now, rules.SUPPORT_REPLY_MIN_DAYS)
    ticket.due_at = now + timedelta(hours=rules.TICKET_URGENT_HOURS)
    return _opened(session, ticket).id


def number_of(ticket: int) -> int:
    """Return the number by which people speak of the ticket with this row id."""
    return ticket + FIRST_NUMBER - 1


def id_of(number: int) -> int:
    """Return the row id of the ticket that has this number, or 0 where no ticket can have it."""
    return number - FIRST_NUMBER + 1 if FIRST_NUMBER <= number <= _LARGEST_ID else 0


def promised_by(context: Context, number: int) -> str:
    """Return until when help answers a ticket of this chat, as an ISO moment in UTC."""
    mine = (Ticket.id == id_of(number), Ticket.conversation_id == context.conversation)
    return context.session.scalars(select(Ticket.answer_by).where(*mine)).one().isoformat()


def receipts(context: Context, limit: int = 10) -> list[Receipt]:
    """Return the tickets of this chat, newest first, and nobody else's."""
    rows = context.session.scalars(
        select(Ticket).where(Ticket.conversation_id == context.conversation).order_by(Ticket.id.desc()).limit(limit)
    )
    return [Receipt(number_of(row.id), row.due_at, row.created_at, row.state, row.happened) for row in rows]


def _of_service(happened: str, language: str, now: datetime) -> Ticket:
    return Ticket(
        subject="",
        state=NEW,
        escalated_to="",
        language=language,
        happened=happened,
        tried="",
        telephone="",
        hours="",
        created_at=now,
    )


def _opened(session: Session, ticket: Ticket) -> Ticket:
    session.add(ticket)
    session.flush()
    ticket_history.add(session, ticket.id, Kind.OPENED, ticket.created_at)
    ticket_words.learn(session, ticket.id, str(number_of(ticket.id)), ticket.subject, ticket.happened, ticket.tried)
    audit.record(
        session,
        audit.Event.TICKET_OPENED,
        now=ticket.created_at,
        account_id=ticket.account_id,
        conversation_id=ticket.conversation_id,
        ticket=ticket.id,
    )
    return ticket


def _verified_account(session: Session, conversation: int, now: datetime) -> int | None:
    """Return the account whose mailbox's owner proved a mailed code in this chat lately."""
    return session.scalar(
        select(AccountRequest.account_id)
        .where(
            AccountRequest.conversation_id == conversation,
            AccountRequest.proved_by == "code",
            AccountRequest.account_id.is_not(None),
            AccountRequest.resolved_at > now - timedelta(hours=rules.VERIFIED_HOURS),
        )
        .order_by(AccountRequest.id.desc())
        .limit(1)
    )
