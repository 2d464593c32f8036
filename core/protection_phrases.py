"""Protection phrases (002): the one that is shown before a password is asked, invented where there is none (S1)."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import addresses
from core.keys import Keys
from core.tables import Account

# No wording of ours: they imitate what people choose, and must not change, or a stranger sees which ones did.
_FIRST: Final = (
    "blue green old little happy lazy quick silent golden silver rainy sunny purple brave wild sleepy crooked lucky"
).split()
_SECOND: Final = (
    "heron river tractor garden lemon harbor window bicycle canyon pepper guitar willow rocket otter lantern"
    " meadow pickle thunder"
).split()
_ENDS: Final = ("", "", "", " {number}", " in the morning", " by the lake", " for lunch", "!")


def shown(session: Session, keys: Keys, username: str) -> str:
    """Return the phrase to show for a username: its account's, or an invented one, the same whenever it is typed.

    One for an account without a phrase is invented likewise.
    """
    key = addresses.username_key(username)
    invented = _invented(keys, key)
    kept = session.scalar(select(Account.protection_phrase).where(Account.username_key == key))
    return kept if kept and kept.strip() else invented


def _invented(keys: Keys, key: str) -> str:
    number = int.from_bytes(keys.mac("protection phrase", key))
    number, first = divmod(number, len(_FIRST))
    number, second = divmod(number, len(_SECOND))
    number, end = divmod(number, len(_ENDS))
    number, capital = divmod(number, 3)
    phrase = f"{_FIRST[first]} {_SECOND[second]}{_ENDS[end].format(number=number % 90 + 10)}"
    return phrase.capitalize() if capital == 0 else phrase
