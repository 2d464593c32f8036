"""Sessions of accounts in browsers: begun by a password; see `core.sessions` for how they are renewed and end."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core import audit, sessions
from core.tables import Account, AccountSession


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whose session it is; `token` is the cookie's new value where it is to be renewed."""

    account: Account
    session: int
    token: str | None = None


def begin(session: Session, account: Account, now: datetime) -> str:
    """Begin a session of somebody whose password was right; return its token, of which only a hash is kept."""
    sessions.forget_old(session, AccountSession, AccountSession.account_id == account.id, now)
    token, token_hash = sessions.fresh()
    kept = AccountSession(account_id=account.id, token_hash=token_hash, created_at=now, rotated_at=now, seen_at=now)
    session.add(kept)
    audit.record(session, audit.Event.ACCOUNT_SIGNED_IN, now=now, account_id=account.id)
    return token


def peek(session: Session, token: str, now: datetime) -> SignedIn | None:
    """Return who is signed in with this token where nothing is to be written about it; None: ask `resume`."""
    row = session.execute(
        select(AccountSession, Account)
        .join(Account, Account.id == AccountSession.account_id)
        .where(sessions.is_settled(AccountSession, token, now))
    ).one_or_none()
    return SignedIn(row[1], row[0].id) if row else None


def resume(session: Session, token: str, now: datetime) -> SignedIn | None:
    """Return who is signed in with this token; None when it is over or never was one."""
    found = sessions.resume(session, AccountSession, token, now)
    if found is None:
        return None
    kept, renewed = found
    return SignedIn(session.get_one(Account, kept.account_id), kept.id, renewed)


def end(session: Session, signed_in: SignedIn, now: datetime) -> None:
    """Sign out in this browser."""
    session.execute(delete(AccountSession).where(AccountSession.id == signed_in.session))
    audit.record(session, audit.Event.ACCOUNT_SIGNED_OUT, now=now, account_id=signed_in.account.id)


def end_all(session: Session, account_id: int, now: datetime, *, but: int = 0) -> None:
    """Sign out everywhere, save in the session `but`."""
    ended = session.scalars(
        delete(AccountSession)
        .where(AccountSession.account_id == account_id, AccountSession.id != but)
        .returning(AccountSession.id)
    ).all()
    if ended:
        audit.record(session, audit.Event.ACCOUNT_SIGNED_OUT_EVERYWHERE, now=now, account_id=account_id)
