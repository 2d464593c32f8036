"""Accounts of this service: registered, found, activated, given a password, under the rules of 000, 001 and 002."""

import re
import unicodedata
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import addresses, audit, rules
from core.database import insert
from core.refusals import AccountRefused
from core.tables import Account

Status = Literal["active", "awaiting_activation", "lapsed"]
ACTIVE: Final = "active"
AWAITING: Final = "awaiting_activation"
# Control characters and line breaks: in a letter or a file they would begin something that nobody meant.
_UNPRINTABLE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Of "St.John" and "Ma.del Carmen" nothing makes a link, of "example.org" and "t.co/x" every mail program does.
_LINKED: Final = re.compile(r"[<>]|\S@\S|://|\bwww\.|\w{4}\.\w{2}|\w\.\w{2,}/", re.IGNORECASE)


def register(
    session: Session,
    now: datetime,
    *,
    username: str,
    first_name: str,
    last_name: str,
    email: str,
    password_hash: str | None = None,
    protection_phrase: str | None = None,
) -> Account:
    """Return a new account that awaits its activation for 30 days (001, 002).

    AccountRefused names the first rule that is broken: 002 for the username (5-16 letters and digits, nobody else's
    whatever the letter case) and the names, 000 for the e-mail address (one account each). A request that was not
    activated within its 30 days has expired: its username and address are free again.
    """
    broken = [
        *username_refusals(username),
        *name_refusals(first_name, last_name, protection_phrase or ""),
        *email_refusals(email),
    ]
    if broken:
        raise broken[0]
    username_key, address = addresses.username_key(username), addresses.read(email)
    holds_either = or_(Account.username_key == username_key, Account.email_key == address.key)
    session.execute(delete(Account).where(holds_either, is_lapsed(now)))
    account = session.scalars(
        insert(session, Account)
        .values(
            username=username,
            username_key=username_key,
            first_name=first_name.strip(),
            last_name=last_name.strip(),
            email=address.mailable,
            email_key=address.key,
            password_hash=password_hash,
            protection_phrase=protection_phrase,
            state=AWAITING,
            registered_at=now,
        )
        .on_conflict_do_nothing()
        .returning(Account)
    ).first()
    if account is None:
        taken = session.scalars(select(Account.username_key).where(holds_either)).all()
        raise AccountRefused("username_taken" if username_key in taken else "email_taken")
    audit.record(session, audit.Event.ACCOUNT_REGISTERED, now=now, account_id=account.id)
    return account


def find(session: Session, identifier: str) -> Account | None:
    """Return the account of a username or e-mail address as a person typed it (004), or None.

    For the worker and staff alone: what answers a stranger never looks (S1). Where the address of one account is the
    old username of another, the address decides.
    """
    try:
        by_email = session.scalar(select(Account).where(Account.email_key == addresses.canonical(identifier)))
    except ValueError:
        by_email = None
    if by_email is not None:
        return by_email
    return session.scalar(select(Account).where(Account.username_key == addresses.username_key(identifier)))


def find_by_email(session: Session, email: str) -> Account | None:
    """Return the account of an e-mail address, or None; for the worker alone, as `find`."""
    return session.scalar(select(Account).where(Account.email_key == addresses.canonical(email)))


def find_by_username(session: Session, username: str) -> Account | None:
    """Return the account of a username, or None; for a sign-in, which tells nobody whether there is one."""
    return session.scalar(select(Account).where(Account.username_key == addresses.username_key(username)))


def activation_deadline(account: Account) -> datetime:
    """Return until when the account can be activated: 30 days from its registration (001, 002)."""
    return account.registered_at + timedelta(days=rules.ACTIVATION_EXPIRES_DAYS)


def status(account: Account, now: datetime) -> Status:
    """Return where the account stands; `lapsed` is one that was not activated before its deadline."""
    if account.state == ACTIVE:
        return "active"
    return "awaiting_activation" if now < activation_deadline(account) else "lapsed"


def activate(session: Session, account: Account, now: datetime) -> bool:
    """Make the account active; False when it is already, or has lapsed."""
    activated = session.scalars(
        update(Account)
        .where(Account.id == account.id, Account.state == AWAITING, ~is_lapsed(now))
        .values(state=ACTIVE, activated_at=now)
        .returning(Account)
    ).all()
    if activated:
        audit.record(session, audit.Event.ACCOUNT_ACTIVATED, now=now, account_id=account.id)
    return bool(activated)


def set_password(session: Session, account: Account, password_hash: str, now: datetime) -> None:
    """Keep a new password, checked and hashed before the transaction began (see `core.passwords`)."""
    account.password_hash = password_hash
    audit.record(session, audit.Event.ACCOUNT_PASSWORD_CHANGED, now=now, account_id=account.id)


def set_email(session: Session, account: Account, email: str, now: datetime) -> bool:
    """Give the account another address; False when another account has it (000), and nothing was changed."""
    address = addresses.read(email)
    another = (Account.email_key == address.key, Account.id != account.id)
    session.execute(delete(Account).where(*another, is_lapsed(now)))
    try:
        with session.begin_nested():
            session.execute(
                update(Account)
                .where(Account.id == account.id)
                .values(email=address.mailable, email_key=address.key)
                .execution_options(synchronize_session=False)
            )
    except IntegrityError:
        return False
    session.refresh(account)
    audit.record(session, audit.Event.ACCOUNT_EMAIL_CHANGED, now=now, account_id=account.id)
    return True


def set_profile(
    session: Session, account: Account, now: datetime, *, first_name: str, last_name: str, protection_phrase: str
) -> None:
    """Keep other names and another phrase; AccountRefused names the first rule that is broken."""
    for refusal in name_refusals(first_name, last_name, protection_phrase):
        raise refusal
    account.first_name, account.last_name = first_name.strip(), last_name.strip()
    account.protection_phrase = protection_phrase.strip() or None
    audit.record(session, audit.Event.ACCOUNT_PROFILE_CHANGED, now=now, account_id=account.id)


def is_taken(session: Session, username: str, now: datetime) -> bool:
    """Return whether somebody has this username (002); a registration that has lapsed holds none."""
    key = addresses.username_key(username)
    return session.scalar(select(Account.id).where(Account.username_key == key, ~is_lapsed(now))) is not None


def username_refusals(username: str) -> list[AccountRefused]:
    """Return a refusal for each rule that a new username breaks (002: 5-16 letters and digits)."""
    broken = []
    if len(username) < rules.USERNAME_MIN:
        broken.append(AccountRefused("username_too_short", minimum=rules.USERNAME_MIN))
    if len(username) > rules.USERNAME_MAX:
        broken.append(AccountRefused("username_too_long", maximum=rules.USERNAME_MAX))
    if username and not (username.isascii() and username.isalnum()):
        broken.append(AccountRefused("username_characters"))
    return broken


def name_refusals(first_name: str, last_name: str, protection_phrase: str = "") -> list[AccountRefused]:
    """Return a refusal for each rule that the names break: 002 wants both; the protection phrase may stay empty."""
    broken = []
    for what, text, longest in (
        ("first_name", first_name, rules.NAME_MAX),
        ("last_name", last_name, rules.NAME_MAX),
        ("protection_phrase", protection_phrase, rules.PROTECTION_PHRASE_MAX),
    ):
        if not text.strip() and what != "protection_phrase":
            broken.append(AccountRefused(f"{what}_missing"))
        if len(text) > longest:
            broken.append(AccountRefused(f"{what}_too_long", maximum=longest))
        if not _UNPRINTABLE.isdisjoint(map(unicodedata.category, text)):
            broken.append(AccountRefused(f"{what}_characters"))
    return broken


def is_linked(name: str) -> bool:
    """Return whether mail programs would make a link of a name: a letter greets with it whoever's address was typed."""
    return _LINKED.search(unicodedata.normalize("NFKC", name)) is not None


def email_refusals(email: str) -> list[AccountRefused]:
    """Return the refusal of what is no e-mail address; field `why` is a sentence."""
    try:
        addresses.canonical(email)
    except ValueError as error:
        return [AccountRefused("email_wrong", why=str(error))]
    return []


def is_lapsed(now: datetime) -> ColumnElement[bool]:
    """Return the condition that an account was not activated before its deadline, as `status` has it."""
    oldest = now - timedelta(days=rules.ACTIVATION_EXPIRES_DAYS)
    return and_(Account.state == AWAITING, Account.registered_at <= oldest)
