"""Purging: what has served its time is deleted or blanked, a few rows of each table at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from core import audit, limits, outbox, rules
from core.audit import Event
from core.business_days import CALIFORNIA
from core.conversations import VISITS
from core.tables import (
    AccountRequest,
    AccountSession,
    AuditEvent,
    Base,
    Budget,
    Challenge,
    Conversation,
    DayCount,
    FollowUp,
    Link,
    Message,
    Owed,
    Received,
    Ticket,
    TicketEvent,
)

# Rows of a table at once: deleting them holds up a turn for milliseconds.
AT_ONCE = 500
# Counted days at once: each has some dozen rows.
DAYS_AT_ONCE = 7
UNTAKEN = "refused: nobody could take it in time"


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long what is kept: transcripts and what belongs to them, closed tickets, the audit, what was not handled."""

    transcripts: timedelta = timedelta(days=rules.TRANSCRIPT_DAYS)
    tickets: timedelta = timedelta(days=rules.TICKET_DAYS)
    audit: timedelta = timedelta(days=rules.AUDIT_DAYS)
    payloads: timedelta = timedelta(hours=rules.PAYLOAD_HOURS)


Past = Mapping[str, Sequence[Any]]


def past(session: Session, keeping: Keeping, now: datetime, most: int = AT_ONCE) -> Past:
    """Return the keys of up to `most` rows of each table that have served their time, by the table's name.

    Of the queues only what is handled or settled, and of the outbox never a reply of staff while there is its ticket,
    which tells what became of it. Links are kept as long as tickets: an activation link says for so long that all is
    well. A chat is deleted when nothing was said for the time of transcripts and no ticket is about it.
    """
    spoken_by, closed_by = now - keeping.transcripts, now - keeping.tickets
    ended_by = now - timedelta(hours=rules.SESSION_HOURS)
    handled_by, idle_since = now - timedelta(days=rules.HANDLED_DAYS), _idle_since(now)
    of_staff = exists().where(TicketEvent.owed_id == Owed.id)
    found: dict[str, Select[Any]] = {
        "conversations": select(Conversation.id).where(_is_left(keeping, now)).order_by(Conversation.id),
        "messages": select(Message.id).where(Message.at <= spoken_by).order_by(Message.at),
        "challenges": _older(session, Challenge.id, Challenge.created_at, spoken_by),
        "account_requests": _older(session, AccountRequest.id, AccountRequest.created_at, spoken_by).where(
            AccountRequest.resolved_at <= spoken_by
        ),
        "follow_ups": select(FollowUp.id).where(FollowUp.settled_at <= spoken_by).order_by(FollowUp.id),
        "tickets": _older(session, Ticket.id, Ticket.created_at, closed_by).where(Ticket.closed_at <= closed_by),
        "links": _older(session, Link.id, Link.created_at, closed_by),
        "account_sessions": _older(session, AccountSession.id, AccountSession.created_at, ended_by),
        "audit": select(AuditEvent.id).where(AuditEvent.at <= now - keeping.audit).order_by(AuditEvent.at),
        "inbox": _older(session, Received.id, Received.received_at, handled_by).where(
            Received.handled_at <= handled_by
        ),
        "outbox": _older(session, Owed.id, Owed.created_at, handled_by).where(Owed.settled_at <= handled_by, ~of_staff),
        "budgets": select(Budget.key).where(Budget.updated_at <= idle_since).order_by(Budget.updated_at),
    }
    rows = {name: session.scalars(query.limit(most)).all() for name, query in found.items()}
    kept_from = now.astimezone(CALIFORNIA).date() - timedelta(days=rules.COUNTS_KEPT_DAYS - 1)
    days = select(DayCount.day).where(DayCount.day < kept_from).distinct().order_by(DayCount.day)
    rows["day_counts"] = session.scalars(days.limit(DAYS_AT_ONCE)).all()
    return {name: keys for name, keys in rows.items() if keys}


def purge(session: Session, found: Past, keeping: Keeping, now: datetime) -> None:
    """Delete what was found; a chat that was spoken in meanwhile stays, and a budget that was spent of.

    Chats come first, as everywhere: who works in one holds its row before any other. That the audit is purged, and how
    long it is kept, is written into it first: the database deletes no other rows (see `core.tables.append_only`).
    """
    if "audit" in found:
        audit.record(session, Event.AUDIT_PURGED, now=now, rows=len(found["audit"]), days=keeping.audit.days)
        session.flush()
    still: dict[str, Callable[[], ColumnElement[bool]]] = {
        "conversations": lambda: _is_left(keeping, now),
        "budgets": lambda: Budget.updated_at <= _idle_since(now),
    }
    for name, keys in found.items():
        table = Base.metadata.tables[name]
        key = next(iter(table.primary_key))  # of counted days the day, which goes as a whole
        session.execute(delete(table).where(key.in_(keys), *([still[name]()] if name in still else [])))


def blank(session: Session, keeping: Keeping, now: datetime, most: int = AT_ONCE) -> int:
    """Blank messages that nobody could handle and replies that nobody could send in time; return how many.

    A letter is none of them: its own deadline makes a ticket of it (G2). What somebody holds at this moment is left.
    """
    by = now - keeping.payloads
    stuck = (
        select(Received.id)
        .where(Received.handled_at.is_(None), Received.received_at <= by)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    unsent = (
        select(Owed.id)
        .where(
            Owed.settled_at.is_(None),
            Owed.kind != outbox.LETTER,
            Owed.created_at <= by,
            or_(Owed.leased_until.is_(None), Owed.leased_until <= now),
        )
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    messages, replies = session.scalars(stuck).all(), session.scalars(unsent).all()
    session.execute(update(Received).where(Received.id.in_(messages)).values(handled_at=now, payload=None))
    session.execute(update(Owed).where(Owed.id.in_(replies)).values(settled_at=now, outcome=UNTAKEN, payload={}))
    return len(messages) + len(replies)


def _idle_since(now: datetime) -> datetime:
    return now - timedelta(seconds=limits.LONGEST_SECONDS)


def _is_left(keeping: Keeping, now: datetime) -> ColumnElement[bool]:
    """Return the condition that nothing was said in a chat for long, nothing is owed to it, and no ticket is about it.

    What a browser left on the account pages has no transcript, and goes as the inbox does.
    """
    about, owed = Ticket.conversation_id == Conversation.id, Owed.conversation_id == Conversation.id
    planned = FollowUp.conversation_id == Conversation.id
    is_visit = (Conversation.channel == VISITS) & (Conversation.touched_at <= now - timedelta(days=rules.HANDLED_DAYS))
    return is_visit | (
        (Conversation.touched_at <= now - keeping.transcripts)
        & ~exists().where(about)
        & ~exists().where(owed, Owed.settled_at.is_(None))
        & ~exists().where(planned, FollowUp.settled_at.is_(None))
    )


def _older(
    session: Session, number: InstrumentedAttribute[int], made_at: InstrumentedAttribute[datetime], moment: datetime
) -> Select[Any]:
    """Return a query for the rows made by a moment: ids grow with time, so that no index of it is needed."""
    first_after = session.scalar(select(number).where(made_at > moment).order_by(number).limit(1))
    older = select(number).where(made_at <= moment).order_by(number)
    return older if first_after is None else older.where(number < first_after)
