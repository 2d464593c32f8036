"""The outbox: everything that leaves, written in the turn's transaction, leased by whoever sends it (G2, G3)."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, exists, insert, select, update
from sqlalchemy.orm import Session, aliased

from core import rules
from core.tables import Base, Conversation, Owed

REPLIES = "replies"
LETTER = "letter"
NOTICE = "notice"

OUTBOX = Base.metadata.tables["outbox"]
_OWE = insert(OUTBOX).returning(OUTBOX.c.conversation_id, OUTBOX.c.id)
_SETTLE = (
    update(OUTBOX)
    .where(
        OUTBOX.c.id.in_(bindparam("ids", expanding=True)),
        OUTBOX.c.lease.in_(bindparam("leases", expanding=True)),
        OUTBOX.c.settled_at.is_(None),
    )
    .values(settled_at=bindparam("now"), outcome=bindparam("how"), payload={}, leased_until=None)
    .returning(OUTBOX.c.id)
)
_UNSETTLED = (
    select(OUTBOX.c.conversation_id)
    .where(OUTBOX.c.conversation_id.in_(bindparam("conversations", expanding=True)), OUTBOX.c.settled_at.is_(None))
    .distinct()
)


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
    lease: str  # empty: the row waits for its turn, and is nobody's yet


@dataclass(frozen=True, slots=True)
class Replies:
    """What a turn owes its chat, to be sent from `due_at` on; `waits` where it is not for the caller to send now."""

    conversation: int
    payload: dict[str, Any]
    due_at: datetime
    waits: bool = False


def owe_all(session: Session, owed: Sequence[Replies], now: datetime) -> list[Leased]:
    """Write the replies of turns of different conversations; what does not wait is leased to the caller."""
    leases = ["" if each.waits else secrets.token_hex(8) for each in owed]
    leased_until = now + timedelta(seconds=rules.LEASE_SECONDS)
    rows = [
        {
            "kind": REPLIES,
            "conversation_id": each.conversation,
            "payload": each.payload,
            "created_at": now,
            "due_at": each.due_at,
            "leased_until": leased_until if lease else None,
            "lease": lease,
            "tries": 1 if lease else 0,
        }
        for each, lease in zip(owed, leases, strict=True)
    ]
    ids = {row.conversation_id: row.id for row in session.connection().execute(_OWE, rows)} if rows else {}
    return [
        Leased(ids[each.conversation], REPLIES, each.conversation, each.payload, 1 if lease else 0, now, None, lease)
        for each, lease in zip(owed, leases, strict=True)
    ]


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


def owe_notice(session: Session, payload: dict[str, Any], now: datetime) -> None:
    """Write what is to be said to staff in their group, due now."""
    session.add(Owed(kind=NOTICE, payload=payload, created_at=now, due_at=now, tries=0))


def unsettled(session: Session, conversations: Sequence[int]) -> set[int]:
    """Return which of the conversations have replies that were not sent yet."""
    return set(session.connection().scalars(_UNSETTLED, {"conversations": list(conversations)}))


def lease_due(
    session: Session, kind: str, now: datetime, channel: str | None = None, chat: str | None = None, limit: int = 20
) -> list[Leased]:
    """Take up to `limit` rows that are due and nobody's, oldest first; each is ours for `rules.LEASE_SECONDS`.

    With `channel` (and `chat`) only what leaves by that channel (to that chat). Of a conversation only the oldest row
    can be taken, so that what follows waits behind it (G5).
    """
    free = (Owed.settled_at.is_(None), Owed.due_at <= now, Owed.leased_until.is_(None) | (Owed.leased_until <= now))
    due = select(Owed.id).where(Owed.kind == kind, *free)
    if kind == REPLIES:
        earlier = aliased(Owed)
        due = due.where(
            ~exists().where(
                earlier.conversation_id == Owed.conversation_id, earlier.id < Owed.id, earlier.settled_at.is_(None)
            )
        )
    if channel is not None:
        due = due.join(Conversation, Conversation.id == Owed.conversation_id).where(Conversation.channel == channel)
    if chat is not None:
        due = due.where(Conversation.chat == chat)
    due = due.order_by(Owed.id).limit(limit).with_for_update(skip_locked=True, of=Owed)
    taken = session.scalars(due).all()
    if not taken:
        return []
    lease = secrets.token_hex(8)
    rows = session.scalars(
        update(Owed)
        .where(Owed.id.in_(taken), *free)
        .values(lease=lease, leased_until=now + timedelta(seconds=rules.LEASE_SECONDS), tries=Owed.tries + 1)
        .returning(Owed)
        .execution_options(synchronize_session=False)
    ).all()
    leased = [
        Leased(row.id, row.kind, row.conversation_id or 0, row.payload, row.tries, row.created_at, row.deadline, lease)
        for row in rows
    ]
    return sorted(leased, key=lambda each: each.id)


def progress(session: Session, owed: int, lease: str, payload: dict[str, Any], now: datetime) -> bool:
    """Keep how far the sending of a row has come, and its lease for as long again; False when another has it."""
    kept = session.scalars(
        update(Owed)
        .where(Owed.id == owed, Owed.lease == lease, Owed.settled_at.is_(None))
        .values(payload=payload, leased_until=now + timedelta(seconds=rules.LEASE_SECONDS))
        .returning(Owed.id)
        .execution_options(synchronize_session=False)
    ).all()
    return bool(kept)


def settle(session: Session, owed: int, lease: str, outcome: str, now: datetime) -> bool:
    """End a row as `sent` or `refused: …`; its payload is blanked. False when the lease had passed to another."""
    return bool(settle_all(session, {owed: lease}, outcome, now))


def settle_all(session: Session, leases: dict[int, str], outcome: str, now: datetime) -> set[int]:
    """End several rows, given with their leases; return those that were ours to end."""
    ended = {"ids": list(leases), "leases": list(leases.values()), "now": now, "how": outcome}
    return set(session.connection().scalars(_SETTLE, ended))


def postpone(
    session: Session, owed: int, lease: str, due_at: datetime, outcome: str, payload: dict[str, Any] | None = None
) -> bool:
    """Give the row back, to be tried again at `due_at`; `outcome` says why, for operators.

    With `payload` the row says from now on what is left of it to be sent. False when the lease had passed to another.
    """
    left = {} if payload is None else {"payload": payload}
    postponed = session.scalars(
        update(Owed)
        .where(Owed.id == owed, Owed.lease == lease, Owed.settled_at.is_(None))
        .values(due_at=due_at, leased_until=None, outcome=outcome, **left)
        .returning(Owed.id)
        .execution_options(synchronize_session=False)
    ).all()
    return bool(postponed)


def retry_delay(tries: int) -> timedelta:
    """Return how long to wait after the given number of failed tries (1 = the first)."""
    minutes = rules.LETTER_RETRY_MINUTES
    return timedelta(minutes=minutes[min(tries, len(minutes)) - 1])
