"""Mailed links that activate an account, let its owner set a password, or prove a mailbox: issued, armed, used once."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import update
from sqlalchemy.orm import Session

from core import account_sessions, accounts, addresses, audit, letters, rules
from core.keys import Keys
from core.refusals import LinkRefused
from core.tables import Account, Link

Purpose = Literal["activate", "reset", "email"]
ACTIVATE: Purpose = "activate"
RESET: Purpose = "reset"
EMAIL: Purpose = "email"
# The largest id that both databases can look for.
_LARGEST_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Used:
    """What using a link did; `changed` is False when the account had been activated before."""

    account: Account
    changed: bool


def issue(session: Session, account_id: int, purpose: Purpose, now: datetime, *, email: str | None = None) -> Link:
    """Return a new link of the account, not yet live. Those issued before it live on (S5).

    `email` is the mailbox that a link of purpose `email` proves.
    """
    link = Link(account_id=account_id, purpose=purpose, email=email, created_at=now)
    session.add(link)
    session.flush()
    audit.record(session, audit.Event.LINK_ISSUED, now=now, account_id=account_id, purpose=purpose, link=link.id)
    return link


def token(keys: Keys, link: Link) -> str:
    """Return what follows `/activate/` or `/reset/` in the link's address: derived each time, stored nowhere (G4).

    The moment of issue is part of it, so a number that is given out again (a purged row, a restored backup) does not
    bring an old letter back to life.
    """
    return keys.token(f"link {link.purpose} {link.created_at.astimezone(UTC).isoformat()}", link.id)


def arm(session: Session, link_id: int, now: datetime) -> None:
    """Let the link live from now on: SMTP has taken its letter.

    A reset link lives 60 minutes, one that proves a mailbox a day, an activation link until its account's deadline.
    A letter that had to go out twice counts from the second time; a link that has ended stays ended. One to another
    mailbox ends those that were asked for before it: theirs was mistyped.
    """
    link = session.get(Link, link_id)
    if link is None:
        return
    if link.purpose == ACTIVATE:
        expires_at = accounts.activation_deadline(session.get_one(Account, link.account_id))
    elif link.purpose == EMAIL:
        expires_at = now + timedelta(hours=rules.EMAIL_LINK_HOURS)
        mistyped = (Link.purpose == EMAIL, Link.email != link.email, Link.id < link_id, Link.used_at.is_(None))
        session.execute(update(Link).where(Link.account_id == link.account_id, *mistyped).values(used_at=now))
    else:
        expires_at = now + timedelta(minutes=rules.RESET_LINK_MINUTES)
    session.execute(
        update(Link).where(Link.id == link_id, Link.used_at.is_(None)).values(armed_at=now, expires_at=expires_at)
    )


def look(session: Session, keys: Keys, purpose: Purpose, token: str, now: datetime) -> tuple[Link, Account]:
    """Return the link that `token` is for, and its account; nothing is consumed, however often it is opened.

    LinkRefused when it is unknown, not sent, over, or its account's activation has lapsed. A sent activation link of an
    account that is active is returned even when it is over: its owner learns that all is well.
    """
    link = _authentic(session, keys, purpose, token)
    account = session.get_one(Account, link.account_id)
    state = accounts.status(account, now)
    is_over = link.used_at is not None or link.expires_at is None or link.expires_at <= now
    ahead = link.armed_at is not None and link.armed_at > now + timedelta(seconds=rules.CLOCK_SLACK_SECONDS)
    is_over = is_over or (ahead and purpose != ACTIVATE)  # an activation link ends by the account's deadline alone
    is_done = purpose == ACTIVATE and state == "active"
    if link.armed_at is None or state == "lapsed" or (is_over and not is_done):
        raise LinkRefused
    return link, account


def use_to_activate(session: Session, keys: Keys, token: str, now: datetime, *, language: str = "en") -> Used:
    """Activate the account of the link and owe its owner the letter `account_activated`; LinkRefused as `look`.

    An account that is active already stays as it is, and nothing is sent.
    """
    link, account = _locked(session, keys, ACTIVATE, token, now)
    if accounts.status(account, now) == "active":
        return Used(account, changed=False)
    _consume(session, link, now)
    accounts.activate(session, account, now)
    tell(session, account, "account_activated", language, now)
    return Used(account, changed=True)


def use_to_reset(
    session: Session, keys: Keys, token: str, password_hash: str, now: datetime, *, language: str = "en"
) -> Used:
    """Set the password of the link's account and owe its owner the letter `password_changed`; LinkRefused as `look`.

    Every browser that was signed in is signed out.
    """
    link, account = _locked(session, keys, RESET, token, now)
    _consume(session, link, now)
    accounts.set_password(session, account, password_hash, now)
    account_sessions.end_all(session, account.id, now)
    tell(session, account, "password_changed", language, now)
    return Used(account, changed=True)


def use_to_change_email(session: Session, keys: Keys, token: str, now: datetime, *, language: str = "en") -> Used:
    """Give the account the address that the link proves, and tell the old mailbox; LinkRefused as `look`.

    Refused as well when another account has got the address meanwhile. Links that lie in the old mailbox end.
    """
    link, account = _locked(session, keys, EMAIL, token, now)
    _consume(session, link, now)
    old = account.email
    if not accounts.set_email(session, account, link.email or "", now):
        raise LinkRefused
    session.execute(update(Link).where(Link.account_id == account.id, Link.used_at.is_(None)).values(used_at=now))
    tell(session, account, "email_changed", language, now, to=old, new_address=addresses.masked(account.email))
    return Used(account, changed=True)


def _authentic(session: Session, keys: Keys, purpose: Purpose, given: str) -> Link:
    number, _, _ = given.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) <= 10 and int(number) <= _LARGEST_ID):
        raise LinkRefused
    link = session.get(Link, int(number))
    if link is None or link.purpose != purpose:
        raise LinkRefused
    if not any(hmac.compare_digest(token(each, link).encode(), given.encode(errors="replace")) for each in keys.live):
        raise LinkRefused
    return link


def _locked(session: Session, keys: Keys, purpose: Purpose, given: str, now: datetime) -> tuple[Link, Account]:
    """Return as `look`, once nobody else works on this account: of two links at once, one comes after the other."""
    link = _authentic(session, keys, purpose, given)
    if session.get(Account, link.account_id, with_for_update=True, populate_existing=True) is None:
        raise LinkRefused
    session.refresh(link)
    return look(session, keys, purpose, given, now)


def _consume(session: Session, link: Link, now: datetime) -> None:
    """End the link, and with it all others of its account and purpose, sent or not; LinkRefused when it had ended."""
    ended = session.scalars(
        update(Link)
        .where(Link.id == link.id, Link.used_at.is_(None), Link.expires_at > now)
        .values(used_at=now)
        .returning(Link.id)
    ).all()
    if not ended:
        raise LinkRefused
    session.execute(
        update(Link)
        .where(Link.account_id == link.account_id, Link.purpose == link.purpose, Link.used_at.is_(None))
        .values(used_at=now)
    )
    audit.record(
        session, audit.Event.LINK_USED, now=now, account_id=link.account_id, purpose=link.purpose, link=link.id
    )


def tell(
    session: Session, account: Account, key: str, language: str, now: datetime, *, to: str = "", **more: str
) -> None:
    """Owe the account's owner a letter about what was just done, at their address or at the one before it."""
    fields = {"first_name": account.first_name, "username": account.username, "asked_on": now.isoformat(), **more}
    letters.owe(session, letters.Letter(key, to or account.email, language, fields, account=account.id), now)
