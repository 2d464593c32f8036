"""Sessions of staff: begun by a password; see `core.sessions` for how they are renewed and end."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from core import audit, sessions
from core.keys import Keys
from core.staff import Member, member_of
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
    sessions.forget_old(session, StaffSession, StaffSession.staff_id == staff, now)
    token, token_hash = sessions.fresh()
    session.add(StaffSession(staff_id=staff, token_hash=token_hash, created_at=now, rotated_at=now, seen_at=now))
    audit.record(session, audit.Event.STAFF_SIGNED_IN, now=now, staff=staff)
    return token


def peek(session: Session, keys: Keys, token: str, now: datetime) -> SignedIn | None:
    """Return who is signed in with this token where nothing is to be written about it; None: ask `resume`."""
    return _found(session, keys, _working().where(sessions.is_settled(StaffSession, token, now)))


def resume(session: Session, keys: Keys, token: str, now: datetime) -> SignedIn | None:
    """Return who is signed in with this token; None when it is over or never was one, or its owner is disabled."""
    found = sessions.resume(session, StaffSession, token, now)
    if found is None:
        return None
    kept, renewed = found
    staff = session.get_one(Staff, kept.staff_id)
    if staff.disabled_at is not None:
        return None
    return SignedIn(member_of(staff), kept.id, csrf(keys, kept.id), renewed)


def look(session: Session, keys: Keys, token: str, now: datetime) -> SignedIn | None:
    """Return who is signed in with this token, as `resume` does, and leave the session alone: unrenewed, unseen.

    For what a page asks for by itself: a session does not last longer because a page stands open.
    """
    return _found(session, keys, _lasting(now).where(sessions.is_of(StaffSession, token, now)))


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


def _working() -> Select[StaffSession, Staff]:
    return select(StaffSession, Staff).join(Staff, Staff.id == StaffSession.staff_id).where(Staff.disabled_at.is_(None))


def _lasting(now: datetime) -> Select[StaffSession, Staff]:
    return _working().where(sessions.is_lasting(StaffSession, now))


def _found(session: Session, keys: Keys, query: Select[StaffSession, Staff]) -> SignedIn | None:
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    kept, staff = row
    return SignedIn(member_of(staff), kept.id, csrf(keys, kept.id))
