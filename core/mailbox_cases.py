"""Cases of lost mailboxes as pages show them: those of a ticket, and all that are not over."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from core.tables import Account, LostMailbox, Owed, Staff

MOST = 100


@dataclass(frozen=True, slots=True)
class Case:
    """A case with its account and the names of who did what; `notice` says whether the owner was reached."""

    row: LostMailbox
    account: Account
    opener: str
    approver: str
    ender: str
    notice: Literal["", "waiting", "sent", "refused"]


@dataclass(frozen=True, slots=True)
class LiveCase:
    """A case that is not over, as the list of all shows it."""

    ticket: int
    state: str
    opener: str
    opened_at: datetime
    due_at: datetime | None


def of_ticket(session: Session, ticket: int) -> list[Case]:
    """Return the ticket's cases, the newest first."""
    opener, approver, ender = aliased(Staff), aliased(Staff), aliased(Staff)
    rows = session.execute(
        select(LostMailbox, Account, opener.name, approver.name, ender.name, Owed.id, Owed.settled_at)
        .join(Account, Account.id == LostMailbox.account_id)
        .join(opener, opener.id == LostMailbox.opened_by)
        .outerjoin(approver, approver.id == LostMailbox.approved_by)
        .outerjoin(ender, ender.id == LostMailbox.ended_by)
        .outerjoin(Owed, Owed.id == LostMailbox.notice_id)
        .where(LostMailbox.ticket_id == ticket)
        .order_by(LostMailbox.id.desc())
        .limit(MOST)
    ).all()
    return [
        Case(case, account, opened, approved or "", ended or "", _notice(case, is_owed=bool(owed) and settled is None))
        for case, account, opened, approved, ended, owed, settled in rows
    ]


def live(session: Session) -> list[LiveCase]:
    """Return every case that is not over, the oldest first."""
    rows = session.execute(
        select(LostMailbox, Staff.name)
        .join(Staff, Staff.id == LostMailbox.opened_by)
        .where(LostMailbox.ended_at.is_(None))
        .order_by(LostMailbox.id)
        .limit(MOST)
    ).all()
    return [LiveCase(case.ticket_id, case.state, name, case.opened_at, case.due_at) for case, name in rows]


def _notice(case: LostMailbox, *, is_owed: bool) -> Literal["", "waiting", "sent", "refused"]:
    if case.approved_at is None:
        return ""
    if case.noticed_at is not None:
        return "sent"
    return "waiting" if is_owed else "refused"
