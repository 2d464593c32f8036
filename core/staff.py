"""Staff: who works at the help desk, in which role, and the password that each sets by a link of their own."""

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
from core.roles import ROLES, Duty, Role, has
from core.tables import Staff, StaffSession

NAME_CHARACTERS: Final = 40


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of staff, as far as others see them."""

    id: int
    name: str
    role: str
    telegram_id: int | None = None
    disabled: bool = False
    has_password: bool = False


def may(member: Member, duty: Duty) -> bool:
    """Return whether somebody has this duty: they work here, and their role has it."""
    return not member.disabled and has(member.role, duty)


def add(
    session: Session,
    now: datetime,
    name: str,
    telegram_id: int | None = None,
    role: Role | None = None,
    by: int | None = None,
) -> Member:
    """Return a new member of staff, without a password; StaffRefused when name or Telegram id will not do.

    Without a `role` they are an agent, or an admin where nobody has ever been one. `by` is the member of staff who adds
    them; None: whoever runs the service.
    """
    shown = " ".join(unicodedata.normalize("NFKC", name).split())
    if not 1 <= len(shown) <= NAME_CHARACTERS or not shown.isprintable():
        raise StaffRefused("staff_name_wrong", maximum=NAME_CHARACTERS)
    if session.scalar(select(Staff.id).where(Staff.name_key == username_key(shown))) is not None:
        raise StaffRefused("staff_name_taken")
    _refuse_taken(session, telegram_id)
    has_admin = session.scalar(select(Staff.id).where(Staff.role == "admin").limit(1)) is not None
    row = Staff(
        name=shown,
        name_key=username_key(shown),
        role=role or ("agent" if has_admin else "admin"),
        telegram_id=telegram_id,
        created_at=now,
    )
    session.add(row)
    session.flush()
    audit.record(session, audit.Event.STAFF_ADDED, now=now, staff=row.id, role=row.role, by=by or 0)
    return member_of(row)


def change(
    session: Session, now: datetime, name: str, role: str, telegram_id: int | None = None, by: int | None = None
) -> Member:
    """Give somebody this role and Telegram id (None: none), and return them as they are now; sessions go on.

    StaffRefused: nobody has the name, there is no such role, the Telegram id is somebody else's, or they would change
    themselves (`by`), so that an admin is always left.
    """
    row = _known(session, name, by)
    if role not in ROLES:
        raise StaffRefused("staff_role_unknown")
    if telegram_id != row.telegram_id:
        _refuse_taken(session, telegram_id)
    if (role, telegram_id) != (row.role, row.telegram_id):
        row.role, row.telegram_id = role, telegram_id
        audit.record(session, audit.Event.STAFF_CHANGED, now=now, staff=row.id, role=role, by=by or 0)
    return member_of(row)


def members(session: Session) -> list[Member]:
    """Return everybody, by name; those who are disabled among them."""
    return [member_of(row) for row in session.scalars(select(Staff).order_by(Staff.name_key))]


def find(session: Session, name: str) -> Member | None:
    """Return who has this name, whatever its letter case."""
    row = session.scalar(select(Staff).where(Staff.name_key == username_key(name)))
    return member_of(row) if row else None


def by_id(session: Session, staff: int) -> Member | None:
    """Return who has this row id and works here."""
    row = session.scalar(select(Staff).where(Staff.id == staff, Staff.disabled_at.is_(None)))
    return member_of(row) if row else None


def by_telegram(session: Session, telegram_id: int, *, disabled_too: bool = False) -> Member | None:
    """Return who of staff writes on Telegram under this id."""
    query = select(Staff).where(Staff.telegram_id == telegram_id)
    row = session.scalar(query if disabled_too else query.where(Staff.disabled_at.is_(None)))
    return member_of(row) if row else None


def disable(session: Session, now: datetime, name: str, by: int | None = None) -> Member:
    """End somebody's work here: their sessions end at once, their tickets stay theirs until handed over.

    StaffRefused when nobody has the name, or when they would disable themselves (`by`).
    """
    row = _known(session, name, by)
    row.disabled_at, row.password_hash, row.password_link_at = now, None, None
    session.execute(delete(StaffSession).where(StaffSession.staff_id == row.id))
    audit.record(session, audit.Event.STAFF_DISABLED, now=now, staff=row.id, by=by or 0)
    return member_of(row)


def password_link(session: Session, keys: Keys, now: datetime, name: str, by: int | None = None) -> str:
    """Return the token of a link by which somebody sets a password, once, within a day; older links end.

    The password that they have works until then. Whoever is disabled works here again, and that is recorded. A link
    that a colleague gives (`by`) has gone through their hands, and through those that gave them theirs: they could have
    used it, so what takes two people does not take these two (see `core.lost_mailboxes`).
    """
    row = _known(session, name)
    if row.disabled_at is not None:
        audit.record(session, audit.Event.STAFF_ENABLED, now=now, staff=row.id, by=by or 0)
    giver = session.get(Staff, by) if by is not None else None
    row.password_link_at, row.disabled_at = now, None
    row.link_hands = sorted({giver.id, *giver.hands}) if giver else []
    audit.record(session, audit.Event.STAFF_LINK_GIVEN, now=now, staff=row.id, by=by or 0)
    session.flush()
    return _token(keys, row.id, now)


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
    return member_of(row)


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
        .values(password_hash=password_hash, password_set_at=now, password_link_at=None, hands=Staff.link_hands)
        .returning(Staff.id)
    ).all()
    if not used:
        raise StaffRefused("staff_link_over")
    session.execute(delete(StaffSession).where(StaffSession.staff_id == member.id))
    audit.record(session, audit.Event.STAFF_PASSWORD_SET, now=now, staff=member.id)
    return member


def member_of(row: Staff) -> Member:
    """Return somebody as others see them."""
    return Member(row.id, row.name, row.role, row.telegram_id, row.disabled_at is not None, bool(row.password_hash))


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


def _known(session: Session, name: str, by: int | None = None) -> Staff:
    row = session.scalars(select(Staff).where(Staff.name_key == username_key(name)).with_for_update()).one_or_none()
    if row is None:
        raise StaffRefused("staff_unknown")
    if row.id == by:
        raise StaffRefused("staff_not_yourself")
    return row


def _refuse_taken(session: Session, telegram_id: int | None) -> None:
    if telegram_id is not None and by_telegram(session, telegram_id, disabled_too=True) is not None:
        raise StaffRefused("staff_telegram_taken")
