"""Purging: what has served its time is deleted: of the audit, queues, budgets, page visits, sessions, counted days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from core import audit, limits, rules
from core.business_days import CALIFORNIA
from core.conversations import VISITS
from core.tables import AccountSession, AuditEvent, Budget, Conversation, DayCount, Owed, Received, TicketEvent

# Rows of a table at once: deleting them holds up a turn for milliseconds.
AT_ONCE = 500
# Counted days at once: each has some dozen rows.
DAYS_AT_ONCE = 7


@dataclass(frozen=True, slots=True)
class Past:
    """What may be deleted: ids, and the keys of budgets that were not spent of since `idle_since`."""

    audit: Sequence[int]
    inbox: Sequence[int]
    outbox: Sequence[int]
    budgets: Sequence[str]
    visits: Sequence[int]
    sessions: Sequence[int]
    days: Sequence[date]  # of what was counted
    idle_since: datetime

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return any((self.audit, self.inbox, self.outbox, self.budgets, self.visits, self.sessions, self.days))


def past(session: Session, now: datetime, most: int = AT_ONCE) -> Past:
    """Return up to `most` rows of each table that have served their time, the oldest.

    Of the queues only what is handled or settled; of the outbox never a reply of staff, whose fate their ticket tells.
    """
    audited_by = now - timedelta(days=rules.AUDIT_DAYS)
    handled_by = now - timedelta(days=rules.HANDLED_DAYS)
    idle_since = now - timedelta(seconds=limits.LONGEST_SECONDS)
    audited = select(AuditEvent.id).where(AuditEvent.at <= audited_by).order_by(AuditEvent.at)
    budgets = select(Budget.key).where(Budget.updated_at <= idle_since).order_by(Budget.updated_at)
    visits = select(Conversation.id).where(Conversation.channel == VISITS, Conversation.touched_at <= handled_by)
    ended_by = now - timedelta(hours=rules.SESSION_HOURS)
    sessions = select(AccountSession.id).where(AccountSession.created_at <= ended_by)
    kept_from = now.astimezone(CALIFORNIA).date() - timedelta(days=rules.COUNTS_KEPT_DAYS - 1)
    days = select(DayCount.day).where(DayCount.day < kept_from).distinct().order_by(DayCount.day)
    inbox = select(Received.id).where(Received.handled_at <= handled_by).order_by(Received.id)
    outbox = (
        select(Owed.id)
        .where(Owed.settled_at <= handled_by, ~exists().where(TicketEvent.owed_id == Owed.id))
        .order_by(Owed.id)
    )
    newer_inbox = _first_after(session, Received.id, Received.received_at, handled_by)
    newer_outbox = _first_after(session, Owed.id, Owed.created_at, handled_by)
    if newer_inbox is not None:
        inbox = inbox.where(Received.id < newer_inbox)
    if newer_outbox is not None:
        outbox = outbox.where(Owed.id < newer_outbox)
    return Past(
        session.scalars(audited.limit(most)).all(),
        session.scalars(inbox.limit(most)).all(),
        session.scalars(outbox.limit(most)).all(),
        session.scalars(budgets.limit(most)).all(),
        session.scalars(visits.limit(most)).all(),
        session.scalars(sessions.limit(most)).all(),
        session.scalars(days.limit(DAYS_AT_ONCE)).all(),
        idle_since,
    )


def purge(session: Session, found: Past, now: datetime) -> None:
    """Delete what was found; a budget that has been spent of meanwhile stays.

    That the audit is purged, and how long it is kept, is written into it first: the database deletes no other rows.
    """
    if found.audit:
        audit.record(session, audit.Event.AUDIT_PURGED, now=now, rows=len(found.audit), days=rules.AUDIT_DAYS)
        session.flush()
        session.execute(delete(AuditEvent).where(AuditEvent.id.in_(found.audit)))
    session.execute(delete(Received).where(Received.id.in_(found.inbox)))
    session.execute(delete(Owed).where(Owed.id.in_(found.outbox)))
    session.execute(delete(Conversation).where(Conversation.id.in_(found.visits)))
    session.execute(delete(AccountSession).where(AccountSession.id.in_(found.sessions)))
    session.execute(delete(DayCount).where(DayCount.day.in_(found.days)))
    session.execute(delete(Budget).where(Budget.key.in_(found.budgets), Budget.updated_at <= found.idle_since))


def _first_after(
    session: Session, number: InstrumentedAttribute[int], made_at: InstrumentedAttribute[datetime], moment: datetime
) -> int | None:
    """Return the id of the first row made after a moment: ids grow with time, so that no index of it is needed."""
    return session.scalar(select(number).where(made_at > moment).order_by(number).limit(1))
