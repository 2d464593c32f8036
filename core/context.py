"""What an action of the core works with: the session, the clock, the keys and whose turn it is."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core.keys import Keys
from core.office_days import Calendar


@dataclass(frozen=True, slots=True)
class Context:
    """One unit of work: what is written through `session` is committed or rolled back as a whole."""

    session: Session
    now: datetime
    keys: Keys
    conversation: int  # id of the row in `conversations`
    language: str
    calendar: Calendar  # by which what is promised is due


@dataclass(frozen=True, slots=True)
class Desk:
    """What somebody of staff works with, likewise."""

    session: Session
    now: datetime
    keys: Keys
    staff: int | None  # id of the row in `staff`; None where the service acts by itself
    calendar: Calendar
