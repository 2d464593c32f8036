"""A letter as the outbox keeps it: key, recipient and fields; no wording, and no live secret."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.orm import Session

from core import outbox


@dataclass(frozen=True, slots=True)
class Secret:
    """Which secret the worker derives when it renders the letter, and arms when SMTP has taken it (G4)."""

    kind: Literal["code", "activate", "reset", "email", "stop", "prove"]
    row: int  # id in `challenges` for a code, in `links` for a link, in `lost_mailboxes` for the last two
    reference: str = ""  # of a code's challenge, from which the code is derived


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that is owed."""

    key: str  # knowledge/<language>/letters/<key>.yaml
    to: str
    language: str
    fields: dict[str, str] = field(default_factory=dict)
    secret: Secret | None = None
    account: int | None = None
    trace: str = ""  # of the message that caused it, see `core.tracing`
    by_staff: bool = False  # somebody of the help desk started it, and its owner is told so (S4)

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> "Letter":
        """Return the letter that the outbox kept."""
        secret = payload["secret"]
        return cls(**{**payload, "secret": Secret(**secret) if secret else None})


def owe(session: Session, letter: Letter, now: datetime) -> int:
    """Put the letter into the outbox, due now; return its row id."""
    return outbox.owe_letter(session, asdict(letter), now)
