"""Staff whom the settings name by Telegram id: each is a member from their first word in the group on."""

import unicodedata
from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from core import staff
from core.staff import NAME_CHARACTERS, Member


def member(
    session: Session, now: datetime, telegram_id: int, name: str, named: Collection[int] = frozenset()
) -> Member | None:
    """Return who of staff writes on Telegram under this id; None for a stranger, and for whoever was disabled.

    An id that the settings have `named` becomes a member now, recorded as any other, under the `name` that Telegram
    gives. Anybody may give themselves a colleague's name there: where it is taken, their id stands behind it.
    """
    known = staff.by_telegram(session, telegram_id, disabled_too=True)
    if known is not None:
        return None if known.disabled else known
    if telegram_id not in named:
        return None
    return staff.add(session, now, _free_name(session, telegram_id, name), telegram_id, "agent")


def _free_name(session: Session, telegram_id: int, name: str) -> str:
    printable = "".join(each if each.isprintable() else " " for each in unicodedata.normalize("NFKC", name))
    shown = " ".join(printable.split())[:NAME_CHARACTERS].strip()
    if shown and staff.find(session, shown) is None:
        return shown
    behind = f" {telegram_id}"
    return f"{shown[: NAME_CHARACTERS - len(behind)].strip() or 'Telegram'}{behind}"
