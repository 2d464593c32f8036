"""Sessions in browsers, whoever's: begun, renewed on the way, ended by silence, by time or by a copied token."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from core import rules
from core.tables import BrowserSession

Kept = TypeVar("Kept", bound=BrowserSession)


def fresh() -> tuple[str, str]:
    """Return a new token for a browser, and its hash, which alone is kept."""
    token = secrets.token_urlsafe(32)
    return token, hashed(token)


def hashed(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def forget_old(session: Session, table: type[Kept], whose: ColumnElement[bool], now: datetime) -> None:
    """Delete somebody's sessions that are over by their age."""
    session.execute(delete(table).where(whose, table.created_at <= now - timedelta(hours=rules.SESSION_HOURS)))


def is_settled(table: type[Kept], token: str, now: datetime) -> ColumnElement[bool]:
    """Return the condition of a session of this token about which nothing is to be written: seen and renewed lately."""
    return and_(
        table.token_hash == hashed(token),
        table.seen_at > now - timedelta(minutes=1),
        table.rotated_at > now - timedelta(minutes=rules.SESSION_ROTATES_MINUTES),
        table.created_at > now - timedelta(hours=rules.SESSION_HOURS),
    )


def is_of(table: type[Kept], token: str, now: datetime) -> ColumnElement[bool]:
    """Return the condition of a session of this token, or of one renewed from it a minute ago at most."""
    grace = timedelta(seconds=rules.SESSION_GRACE_SECONDS)
    was_token = and_(table.previous_hash == hashed(token), table.rotated_at > now - grace)
    return or_(table.token_hash == hashed(token), was_token)


def is_lasting(table: type[Kept], now: datetime) -> ColumnElement[bool]:
    """Return the condition of a session that neither silence nor time has ended."""
    return and_(
        table.seen_at > now - timedelta(minutes=rules.SESSION_IDLE_MINUTES),
        table.created_at > now - timedelta(hours=rules.SESSION_HOURS),
    )


def resume(session: Session, table: type[Kept], token: str, now: datetime) -> tuple[Kept, str | None] | None:
    """Return the session of this token, and its new token where it was renewed; None when it is over or never was one.

    Every quarter of an hour the token is renewed. The one before is taken for another minute, for requests that were
    under way; used later, somebody has a copy of it: the whole session ends.
    """
    given = hashed(token)
    kept = session.scalars(select(table).where(or_(table.token_hash == given, table.previous_hash == given))).first()
    if kept is None:
        return None
    is_idle = kept.seen_at <= now - timedelta(minutes=rules.SESSION_IDLE_MINUTES)
    is_old = kept.created_at <= now - timedelta(hours=rules.SESSION_HOURS)
    is_copy = kept.token_hash != given and kept.rotated_at <= now - timedelta(seconds=rules.SESSION_GRACE_SECONDS)
    if is_idle or is_old or is_copy:
        session.delete(kept)
        return None
    renewed = _renewed(session, table, kept, given, now)
    if kept.seen_at <= now - timedelta(minutes=1):
        kept.seen_at = now
    return kept, renewed


def _renewed(session: Session, table: type[Kept], kept: Kept, given: str, now: datetime) -> str | None:
    due = kept.rotated_at <= now - timedelta(minutes=rules.SESSION_ROTATES_MINUTES)
    if not due or kept.token_hash != given:
        return None
    token, token_hash = fresh()
    changed = session.scalars(
        update(table)
        .where(table.id == kept.id, table.token_hash == given)
        .values(token_hash=token_hash, previous_hash=given, rotated_at=now)
        .returning(table.id)
        .execution_options(synchronize_session=False)
    ).all()
    return token if changed else None
