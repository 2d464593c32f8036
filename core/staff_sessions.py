"""Sessions of staff: begun by a password, renewed on the way, ended by silence, by time or by hand."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from core import audit, rules
from core.keys import Keys
from core.staff import Member
from core.tables import Staff, StaffSession


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in; `token` is the cookie's new value where it is to be renewed, `csrf` the one of its forms."""

    member: Member
    session: int
    csrf: str
    token: str | None = None


def begin(session: Session, staff: int, now: datetime) -> str:
    """Begin a session of somebody whose password was right; return its token, of which only a hash is kept."""
    session.execute(
        delete(StaffSession).where(
            StaffSession.staff_id == staff, StaffSession.created_at <= now - timedelta(hours=rules.SESSION_HOURS)
        )
    )
    token = secrets.token_urlsafe(32)
    session.add(StaffSession(staff_id=staff, token_hash=_hash(token), created_at=now, rotated_at=now, seen_at=now))
    audit.record(session, audit.Event.STAFF_SIGNED_IN, now=now, staff=staff)
    return token


def peek(session: Session, keys: Keys, token: str, now: datetime) -> SignedIn | None:
    """Return who is signed in with this token where nothing is to be written about it; None: ask `resume`."""
    row = session.execute(
        select(StaffSession, Staff)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(
            StaffSession.token_hash == _hash(token),
            Staff.disabled_at.is_(None),
            StaffSession.seen_at > now - timedelta(minutes=1),
            StaffSession.rotated_at > now - timedelta(minutes=rules.SESSION_ROTATES_MINUTES),
            StaffSession.created_at > now - timedelta(hours=rules.SESSION_HOURS),
        )
    ).one_or_none()
    if row is None:
        return None
    kept, staff = row
    return SignedIn(_member(staff), kept.id, csrf(keys, kept.id))


def resume(session: Session, keys: Keys, token: str, now: datetime) -> SignedIn | None:
    """Return who is signed in with this token; None when it is over or never was one.

    Every quarter of an hour the token is renewed. The one before is taken for another minute, for requests that were
    under way; used later, somebody has a copy of it: the whole session ends.
    """
    hashed = _hash(token)
    row = session.execute(
        select(StaffSession, Staff)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(
            or_(StaffSession.token_hash == hashed, StaffSession.previous_hash == hashed), Staff.disabled_at.is_(None)
        )
    ).one_or_none()
    if row is None:
        return None
    kept, staff = row
    is_idle = kept.seen_at <= now - timedelta(minutes=rules.SESSION_IDLE_MINUTES)
    is_old = kept.created_at <= now - timedelta(hours=rules.SESSION_HOURS)
    is_copy = kept.token_hash != hashed and kept.rotated_at <= now - timedelta(seconds=rules.SESSION_GRACE_SECONDS)
    if is_idle or is_old or is_copy:
        session.delete(kept)
        return None
    renewed = _renewed(session, kept, hashed, now)
    if kept.seen_at <= now - timedelta(minutes=1):
        kept.seen_at = now
    return SignedIn(_member(staff), kept.id, csrf(keys, kept.id), renewed)


def look(session: Session, keys: Keys, token: str, now: datetime) -> SignedIn | None:
    """Return who is signed in with this token, as `resume` does, and leave the session alone: unrenewed, unseen.

    For what a page asks for by itself: a session does not last longer because a page stands open.
    """
    hashed, grace = _hash(token), timedelta(seconds=rules.SESSION_GRACE_SECONDS)
    is_token = StaffSession.token_hash == hashed
    was_token = and_(StaffSession.previous_hash == hashed, StaffSession.rotated_at > now - grace)
    row = session.execute(_lasting(now).where(or_(is_token, was_token))).one_or_none()
    if row is None:
        return None
    kept, staff = row
    return SignedIn(_member(staff), kept.id, csrf(keys, kept.id))


def lasts(session: Session, session_id: int, now: datetime) -> bool:
    """Return whether a session has not ended, whatever its token is by now."""
    return session.execute(_lasting(now).where(StaffSession.id == session_id)).one_or_none() is not None


def end(session: Session, session_id: int, staff: int, now: datetime) -> None:
    """Sign out."""
    session.execute(delete(StaffSession).where(StaffSession.id == session_id))
    audit.record(session, audit.Event.STAFF_SIGNED_OUT, now=now, staff=staff)


def csrf(keys: Keys, session_id: int) -> str:
    """Return what every form of this session carries: derived, so that no table has it."""
    return keys.hidden("desk form", str(session_id))


def is_own_form(keys: Keys, session_id: int, given: str) -> bool:
    """Return whether a form came from a page of this session, also of one that was opened under a retired key."""
    return any(
        hmac.compare_digest(csrf(each, session_id).encode(), given.encode(errors="replace")) for each in keys.live
    )


def _lasting(now: datetime) -> Select[StaffSession, Staff]:
    return (
        select(StaffSession, Staff)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(
            Staff.disabled_at.is_(None),
            StaffSession.seen_at > now - timedelta(minutes=rules.SESSION_IDLE_MINUTES),
            StaffSession.created_at > now - timedelta(hours=rules.SESSION_HOURS),
        )
    )


def _renewed(session: Session, kept: StaffSession, hashed: str, now: datetime) -> str | None:
    due = kept.rotated_at <= now - timedelta(minutes=rules.SESSION_ROTATES_MINUTES)
    if not due or kept.token_hash != hashed:
        return None
    token = secrets.token_urlsafe(32)
    changed = session.scalars(
        update(StaffSession)
        .where(StaffSession.id == kept.id, StaffSession.token_hash == hashed)
        .values(token_hash=_hash(token), previous_hash=hashed, rotated_at=now)
        .returning(StaffSession.id)
        .execution_options(synchronize_session=False)
    ).all()
    return token if changed else None


def _member(staff: Staff) -> Member:
    return Member(staff.id, staff.name, staff.telegram_id, disabled=False, has_password=True)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
