"""The outbox: everything that leaves, written in the turn's transaction, leased by whoever sends it (G2, G3)."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import rules
from core.tables import Conversation, Owed

REPLIES = "replies"
LETTER = "letter"


@dataclass(frozen=True, slots=True)
class Leased:
    """A row of the outbox that is ours until `rules.LEASE_SECONDS` are over; `lease` is the fence."""

    id: int
    kind: str
    conversation: int  # 0 for a letter
    payload: dict[str, Any]
    tries: int
    created_at: datetime
    deadline: datetime | None
    lease: str


def owe_replies(session: Session, conversation: int, payload: dict[str, Any], now: datetime) -> Leased:
    """Write the replies of a turn, leased to the caller, who sends them once the turn is committed."""
    lease = secrets.token_hex(8)
    row = Owed(
        kind=REPLIES,
        conversation_id=conversation,
        payload=payload,
        created_at=now,
        due_at=now,
        leased_until=now + timedelta(seconds=rules.LEASE_SECONDS),
        lease=lease,
        tries=1,
    )
    session.add(row)
    session.flush()
    return Leased(row.id, row.kind, conversation, payload, 1, now, None, lease)


def owe_letter(session: Session, payload: dict[str, Any], now: datetime) -> int:
    """Write a letter (see `core.letters`) that is due now; return its row id."""
    row = Owed(
        kind=LETTER,
        payload=payload,
        created_at=now,
        due_at=now,
        deadline=now + timedelta(hours=rules.LETTER_DEADLINE_HOURS),
        tries=0,
    )
    session.add(row)
    session.flush()
    return row.id


def lease_due(
    session: Session, kind: str, now: datetime, channel: str | None = None, chat: str | None = None, limit: int = 20
) -> list[Leased]:
    """Take up to `limit` rows that are due and nobody's, oldest first; each is ours for `rules.LEASE_SECONDS`.

    With `channel` (and `chat`) only what leaves by that channel (to that chat).
    """
    free = (Owed.settled_at.is_(None), Owed.due_at <= now, Owed.leased_until.is_(None) | (Owed.leased_until <= now))
    due = select(Owed.id).where(Owed.kind == kind, *free)
    if channel is not None:
        due = due.join(Conversation, Conversation.id == Owed.conversation_id).where(Conversation.channel == channel)
    if chat is not None:
        due = due.where(Conversation.chat == chat)
    due = due.order_by(Owed.id).limit(limit).with_for_update(skip_locked=True, of=Owed)
    lease = secrets.token_hex(8)
    rows = session.scalars(
        update(Owed)
        .where(Owed.id.in_(session.scalars(due).all()), *free)
        .values(lease=lease, leased_until=now + timedelta(seconds=rules.LEASE_SECONDS), tries=Owed.tries + 1)
        .returning(Owed)
        .execution_options(synchronize_session=False)
    ).all()
    taken = [
        Leased(row.id, row.kind, row.conversation_id or 0, row.payload, row.tries, row.created_at, row.deadline, lease)
        for row in rows
    ]
    return sorted(taken, key=lambda each: each.id)


def settle(session: Session, owed: int, lease: str, outcome: str, now: datetime) -> bool:
    """End a row as `sent` or `refused: …`; its payload is blanked. False when the lease had passed to another."""
    ended = session.scalars(
        update(Owed)
        .where(Owed.id == owed, Owed.lease == lease, Owed.settled_at.is_(None))
        .values(settled_at=now, outcome=outcome, payload={}, leased_until=None)
        .returning(Owed.id)
    ).all()
    return bool(ended)


def postpone(session: Session, owed: int, lease: str, due_at: datetime, outcome: str) -> None:
    """Give the row back, to be tried again at `due_at`; `outcome` says why, for operators."""
    session.execute(
        update(Owed)
        .where(Owed.id == owed, Owed.lease == lease, Owed.settled_at.is_(None))
        .values(due_at=due_at, leased_until=None, outcome=outcome)
    )


def retry_delay(tries: int, minutes: Sequence[int] = rules.LETTER_RETRY_MINUTES) -> timedelta:
    """Return how long to wait after the given number of failed tries (1 = the first)."""
    return timedelta(minutes=minutes[min(tries, len(minutes)) - 1])
