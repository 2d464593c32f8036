"""Leases: what one process at a time may do, such as asking Telegram for updates."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.database import insert
from core.tables import Lease


def take(
    session: Session, name: str, holder: str, seconds: float, now: datetime, is_gone: Callable[[str, datetime], bool]
) -> bool:
    """Return whether `holder` has the lease for so many seconds from now; its own it takes anew.

    `is_gone` says of another holder, and of the moment until which it has the lease, whether it is known to have ended:
    then its lease need not run out.
    """
    until = now + timedelta(seconds=seconds)
    session.execute(
        insert(session, Lease)
        .values(name=name, holder=holder, until=until)
        .on_conflict_do_nothing(index_elements=["name"])
    )
    lease = session.scalars(select(Lease).where(Lease.name == name).with_for_update()).one()
    if lease.holder != holder and lease.until > now and not is_gone(lease.holder, lease.until):
        return False
    lease.holder, lease.until = holder, until
    return True


def release(session: Session, name: str, holder: str) -> None:
    """Give the lease back, where `holder` has it."""
    session.execute(delete(Lease).where(Lease.name == name, Lease.holder == holder))
