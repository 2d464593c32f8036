"""The two mailed links of a lost mailbox's case: the owner's, which stops the change, and the new mailbox's answer."""

import hmac
from datetime import UTC
from typing import Final, Literal

from sqlalchemy.orm import Session

from core.keys import Keys
from core.refusals import LinkRefused
from core.tables import LostMailbox

Purpose = Literal["stop", "prove"]
STOP: Final[Purpose] = "stop"
PROVE: Final[Purpose] = "prove"
# The largest id that both databases can look for.
_LARGEST_ID = 2**31 - 1


def token(keys: Keys, purpose: Purpose, case: LostMailbox) -> str:
    """Return what follows `/stop/` or `/prove/` in the link's address: derived each time, stored nowhere (G4)."""
    return keys.token(f"{purpose} {case.opened_at.astimezone(UTC).isoformat()}", case.id)


def look(session: Session, keys: Keys, purpose: Purpose, given: str) -> LostMailbox:
    """Return the case that the link is about, however it stands; nothing happens, however often it is opened.

    LinkRefused when the link was never ours, or its case was never approved.
    """
    number, _, _ = given.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) <= 10 and int(number) <= _LARGEST_ID):
        raise LinkRefused
    case = session.get(LostMailbox, int(number))
    if case is None or case.approved_at is None:
        raise LinkRefused
    sent = given.encode(errors="replace")
    if not any(hmac.compare_digest(token(each, purpose, case).encode(), sent) for each in keys.live):
        raise LinkRefused
    return case
