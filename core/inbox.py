"""The inbox: what channels handed in, committed before it is confirmed to them, handled once and in order (G1, G5)."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from cryptography.fernet import InvalidToken
from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core import rules
from core.database import insert
from core.keys import Keys
from core.tables import Base, Received

logger = logging.getLogger(__name__)

INBOX = Base.metadata.tables["inbox"]
_EARLIER = INBOX.alias("earlier")
_CLAIM = (
    update(INBOX)
    .where(
        INBOX.c.channel == bindparam("of_channel"),
        INBOX.c.key.in_(bindparam("keys", expanding=True)),
        INBOX.c.handled_at.is_(None),
        ~exists().where(
            _EARLIER.c.channel == INBOX.c.channel,
            _EARLIER.c.chat == INBOX.c.chat,
            _EARLIER.c.id < INBOX.c.id,
            _EARLIER.c.handled_at.is_(None),
            _EARLIER.c.received_at > bindparam("since"),
        ),
    )
    .values(handled_at=bindparam("now"), payload=None)
    .returning(INBOX.c.key)
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as its channel has it: `payload` is whatever the channel needs to read it again after a restart."""

    channel: str
    key: str
    chat: str
    payload: bytes


class Claim(Enum):
    """What comes of wanting to handle a message."""

    OURS = "handle it now, in this transaction"
    HANDLED = "it was handled before"
    NOT_YET = "an earlier message of its chat comes first"


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
        session.connection().execute(_entering(session), rows)


def claim_all(session: Session, channel: str, chats: Mapping[str, str], now: datetime) -> dict[str, Claim]:
    """Return what comes of each message, by its key; `chats` says in which chat it was said, each in another one.

    A channel that keeps nothing before confirming (terminal, web) has its messages entered here.
    """
    connection = session.connection()
    since = now - timedelta(minutes=rules.INBOX_ORDER_MINUTES)
    wanted = {"of_channel": channel, "keys": list(chats), "since": since, "now": now}
    claims = dict.fromkeys(connection.scalars(_CLAIM, wanted), Claim.OURS)
    unknown = [
        {"channel": channel, "key": key, "chat": chat, "received_at": now, "tries": 0, "handled_at": now}
        for key, chat in chats.items()
        if key not in claims
    ]
    if unknown:
        entered = set(connection.scalars(_entering(session).returning(INBOX.c.key), unknown))
        claims |= {row["key"]: Claim.OURS if row["key"] in entered else Claim.HANDLED for row in unknown}
    left = [key for key, each in claims.items() if each is Claim.HANDLED]
    if left:
        wanted |= {"keys": left}  # they may have been accepted since the first look, which did not see them
        claims |= dict.fromkeys(connection.scalars(_CLAIM, wanted), Claim.OURS)
        waiting = select(INBOX.c.key).where(
            INBOX.c.channel == channel, INBOX.c.key.in_(left), INBOX.c.handled_at.is_(None)
        )
        claims |= dict.fromkeys(connection.scalars(waiting), Claim.NOT_YET)
    return claims


def failed(session: Session, channel: str, key: str, now: datetime, tries: int = rules.INBOX_TRIES) -> bool:
    """Count a turn that crashed; return whether the message is now set aside, blanked and never tried again.

    It is set aside when it has crashed `tries` times.
    """
    this = (Received.channel == channel, Received.key == key)
    crashed = session.scalar(
        update(Received)
        .where(*this, Received.handled_at.is_(None))
        .values(tries=Received.tries + 1)
        .returning(Received.tries)
    )
    if crashed is None or crashed < tries:
        return False
    session.execute(update(Received).where(*this).values(handled_at=now, payload=None))
    return True


def waiting_chats(session: Session, channel: str, until: datetime, now: datetime) -> list[str]:
    """Return the chats with messages accepted by `until` and not handled: the work that a crash left behind.

    What seems to have been accepted later than now was, too, by a clock that was ahead.
    """
    unhandled = (Received.channel == channel, Received.handled_at.is_(None))
    is_left = (Received.received_at <= until) | (
        Received.received_at > now + timedelta(seconds=rules.CLOCK_SLACK_SECONDS)
    )
    return list(session.scalars(select(Received.chat).where(*unhandled, is_left).distinct()))


def unhandled(
    session: Session, keys: Keys, channel: str, chat: str | None = None, limit: int | None = None
) -> list[Arrival]:
    """Return what was accepted and not handled (in one chat), oldest first.

    What was sealed with a key that is not known any more waits for that key, and does not hold up the rest.
    """
    query = select(Received).where(Received.channel == channel, Received.handled_at.is_(None))
    if chat is not None:
        query = query.where(Received.chat == chat)
    arrivals = []
    for row in session.scalars(query.order_by(Received.id).limit(limit)):
        try:
            arrivals.append(Arrival(row.channel, row.key, row.chat, keys.unseal(row.payload or b"")))
        except InvalidToken:
            logger.error("message %s of %s cannot be opened with this secret key; it stays unhandled", row.key, channel)
    return arrivals


def _entering(session: Session) -> postgresql.Insert | sqlite.Insert:
    return insert(session, INBOX).on_conflict_do_nothing(index_elements=["channel", "key"])
