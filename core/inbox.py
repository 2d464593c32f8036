"""The inbox: what channels handed in, committed before it is confirmed to them, handled once (G1)."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography.fernet import InvalidToken
from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from core import rules
from core.database import insert
from core.keys import Keys
from core.tables import Received

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as its channel has it: `payload` is whatever the channel needs to read it again after a restart."""

    channel: str
    key: str
    chat: str
    payload: bytes


def accept(session: Session, keys: Keys, arrivals: Iterable[Arrival], now: datetime) -> None:
    """Keep each message once, its payload encrypted; one that is here already changes nothing."""
    rows = [
        {
            "channel": each.channel,
            "key": each.key,
            "chat": each.chat,
            "payload": keys.seal(each.payload),
            "received_at": now,
            "tries": 0,
        }
        for each in arrivals
    ]
    if rows:
        session.execute(insert(session, Received).on_conflict_do_nothing(index_elements=["channel", "key"]), rows)


def claim(session: Session, channel: str, key: str, chat: str, now: datetime) -> bool:
    """Return whether this message is to be handled now, in this transaction; False when it was handled before.

    A channel that keeps nothing before confirming (terminal, web) has its message entered here.
    """
    handled = {"handled_at": now, "payload": None}
    changed = session.execute(
        update(Received)
        .where(Received.channel == channel, Received.key == key, Received.handled_at.is_(None))
        .values(handled)
    )
    if _rows(changed):
        return True
    entered = session.scalars(
        insert(session, Received)
        .values(channel=channel, key=key, chat=chat, received_at=now, tries=0, **handled)
        .on_conflict_do_nothing(index_elements=["channel", "key"])
        .returning(Received.id)
    ).all()
    return bool(entered)


def failed(session: Session, channel: str, key: str, now: datetime) -> bool:
    """Count a turn that crashed; return whether the message is now set aside, blanked and never tried again."""
    tries = session.scalar(
        update(Received)
        .where(Received.channel == channel, Received.key == key, Received.handled_at.is_(None))
        .values(tries=Received.tries + 1)
        .returning(Received.tries)
    )
    if tries is None or tries < rules.INBOX_TRIES:
        return False
    session.execute(
        update(Received).where(Received.channel == channel, Received.key == key).values(handled_at=now, payload=None)
    )
    return True


def unhandled(session: Session, keys: Keys, channel: str) -> list[Arrival]:
    """Return what was accepted and not handled, oldest first: the work that a crash left behind.

    What was sealed with a key that is not known any more waits for that key, and does not hold up the rest.
    """
    rows = session.scalars(
        select(Received).where(Received.channel == channel, Received.handled_at.is_(None)).order_by(Received.id)
    )
    arrivals = []
    for row in rows:
        try:
            arrivals.append(Arrival(row.channel, row.key, row.chat, keys.unseal(row.payload or b"")))
        except InvalidToken:
            logger.error("message %s of %s cannot be opened with this secret key; it stays unhandled", row.key, channel)
    return arrivals


def _rows(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0
