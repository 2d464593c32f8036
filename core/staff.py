"""Staff: who works at the help desk, all alike, and the password that each sets by a link of their own."""

import hmac
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core import audit, rules
from core.addresses import username_key
from core.keys import Keys
from core.refusals import StaffRefused
from core.tables import Staff, StaffSession

NAME_CHARACTERS: Final = 40


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of staff, as far as others see them."""

    id: int
    name: str
    telegram_id: int | None = None
    disabled: bool = False
    has_password: bool = False


def add(session: Session, now: datetime, name: str, telegram_id: int | None = None) -> Member:
    """Return a new member of staff, without a password; StaffRefused when name or Telegram id will not do."""
    shown = " ".join(unicodedata.normalize("NFKC", name).split())
    if not 1 <= len(shown) <= NAME_CHARACTERS or not shown.isprintable():
        raise StaffRefused("staff_name_wrong", maximum=NAME_CHARACTERS)
    if session.scalar(select(Staff.id).where(Staff.name_key == username_key(shown))) is not None:
        raise StaffRefused("staff_name_taken")
    if telegram_id is not None and by_telegram(session, telegram_id, disabled_too=True) is not None:
        raise StaffRefused("staff_telegram_taken")
    row = Staff(name=shown, name_key=username_key(shown), telegram_id=telegram_id, created_at=now)
    session.add(row)
    session.flush()
    audit.record(session, audit.Event.STAFF_ADDED, now=now, staff=row.id)
    return _member(row)


def members(session: Session) -> list[Member]:
    """Return everybody, by name; those who are disabled among them."""
    return [_member(row) for row in session.scalars(select(Staff).order_by(Staff.name_key))]


def find(session: Session, name: str) -> Member | None:
    """Return who has this name, whatever its letter case."""
    row = session.scalar(select(Staff).where(Staff.name_key == username_key(name)))
    return _member(row) if row else None


def by_id(session: Session, staff: int) -> Member | None:
    """Return who has this row id and works here."""
    row = session.scalar(select(Staff).where(Staff.id == staff, Staff.disabled_at.is_(None)))
    return _member(row) if row else None


def by_telegram(session: Session, telegram_id: int, *, disabled_too: bool = False) -> Member | None:
    """Return who of staff writes on Telegram under this id."""
    query = select(Staff).where(Staff.telegram_id == telegram_id)
    row = session.scalar(query if disabled_too else query.where(Staff.disabled_at.is_(None)))
    return _member(row) if row else None


def disable(session: Session, now: datetime, name: str) -> Member:
    """End somebody's work here: their sessions end at once, their tickets stay theirs until handed over."""
    member = _known(session, name)
    session.execute(
        update(Staff).where(Staff.id == member.id).values(disabled_at=now, password_hash=None, password_link_at=None)
    )
    session.execute(delete(StaffSession).where(StaffSession.staff_id == member.id))
    audit.record(session, audit.Event.STAFF_DISABLED, now=now, staff=member.id)
    return member


def password_link(session: Session, keys: Keys, now: datetime, name: str) -> str:
    """Return the token of a link by which somebody sets a password, once, within a day; older links end.

    The password that they have works until then. Whoever is disabled works here again, and that is recorded.
    """
    member = _known(session, name)
    if member.disabled:
        audit.record(session, audit.Event.STAFF_ENABLED, now=now, staff=member.id)
    session.execute(update(Staff).where(Staff.id == member.id).values(password_link_at=now, disabled_at=None))
    return _token(keys, member.id, now)


def look(session: Session, keys: Keys, token: str, now: datetime) -> Member:
    """Return whose link it is, without using it; StaffRefused when it is used, over, or never was one."""
    number, _, _ = token.partition("-")
    row = session.get(Staff, int(number)) if number.isascii() and number.isdigit() and len(number) <= 9 else None
    issued = row.password_link_at if row is not None and row.disabled_at is None else None
    if row is None or issued is None or now >= issued + timedelta(hours=rules.STAFF_LINK_HOURS):
        raise StaffRefused("staff_link_over")
    given = token.encode(errors="replace")
    if not any(hmac.compare_digest(_token(each, row.id, issued).encode(), given) for each in keys.live):
        raise StaffRefused("staff_link_over")
    return _member(row)


def refused_password(password: str, name: str) -> StaffRefused | None:
    """Return what is wrong with a password, if anything: 15 to 128 characters, and not made of the name."""
    if len(password) < rules.STAFF_PASSWORD_MIN:
        return StaffRefused("staff_password_short", minimum=rules.STAFF_PASSWORD_MIN)
    if len(password) > rules.STAFF_PASSWORD_MAX:
        return StaffRefused("staff_password_long", maximum=rules.STAFF_PASSWORD_MAX)
    if len(set(password.casefold())) < 5 or not username_key(password).replace(username_key(name), ""):
        return StaffRefused("staff_password_simple")
    return None


def set_password(session: Session, keys: Keys, token: str, password_hash: str, now: datetime) -> Member:
    """Keep the password of the link's owner, hashed before the transaction; the link and every session end."""
    member = look(session, keys, token, now)
    used = session.scalars(
        update(Staff)
        .where(Staff.id == member.id, Staff.password_link_at.is_not(None))
        .values(password_hash=password_hash, password_link_at=None)
        .returning(Staff.id)
    ).all()
    if not used:
        raise StaffRefused("staff_link_over")
    session.execute(delete(StaffSession).where(StaffSession.staff_id == member.id))
    audit.record(session, audit.Event.STAFF_PASSWORD_SET, now=now, staff=member.id)
    return member


def password_hash(session: Session, name: str) -> tuple[int, str] | None:
    """Return the id and password hash of somebody who works here and has one."""
    row = session.execute(
        select(Staff.id, Staff.password_hash).where(
            Staff.name_key == username_key(name), Staff.disabled_at.is_(None), Staff.password_hash.is_not(None)
        )
    ).one_or_none()
    return (row.id, row.password_hash) if row else None


def _token(keys: Keys, staff: int, issued: datetime) -> str:
    return keys.token(f"staff password {issued.astimezone(UTC).isoformat()}", staff)


def _known(session: Session, name: str) -> Member:
    member = find(session, name)
    if member is None:
        raise StaffRefused("staff_unknown")
    return member


def _member(row: Staff) -> Member:
    return Member(row.id, row.name, row.telegram_id, row.disabled_at is not None, bool(row.password_hash))
