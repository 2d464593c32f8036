"""Cases of lost mailboxes as pages show them: those of a ticket, and all that are not over."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session, aliased

from core.tables import Account, LostMailbox, Owed, Staff

MOST = 100

Fate = Literal["", "waiting", "sent", "refused"]  # of a letter; "" before it was owed


@dataclass(frozen=True, slots=True)
class Case:
    """A case with its account and the names of who did what.

    `notice` says whether the owner was reached, `proof` whether the new mailbox was asked, and has answered.
    """

    row: LostMailbox
    account: Account
    opener: str
    approver: str
    ender: str
    notice: Fate
    proof: Fate | Literal["answered"]


@dataclass(frozen=True, slots=True)
class LiveCase:
    """A case that is not over, as the list of all shows it."""

    ticket: int
    state: str
    opener: str
    opened_at: datetime
    due_at: datetime | None
    is_proved: bool


def of_ticket(session: Session, ticket: int) -> list[Case]:
    """Return the ticket's cases, the newest first."""
    opener, approver, ender = aliased(Staff), aliased(Staff), aliased(Staff)
    notice, proof = aliased(Owed), aliased(Owed)
    rows = session.execute(
        select(LostMailbox, Account, opener.name, approver.name, ender.name, _is_owed(notice), _is_owed(proof))
        .join(Account, Account.id == LostMailbox.account_id)
        .join(opener, opener.id == LostMailbox.opened_by)
        .outerjoin(approver, approver.id == LostMailbox.approved_by)
        .outerjoin(ender, ender.id == LostMailbox.ended_by)
        .outerjoin(notice, notice.id == LostMailbox.notice_id)
        .outerjoin(proof, proof.id == LostMailbox.proof_id)
        .where(LostMailbox.ticket_id == ticket)
        .order_by(LostMailbox.id.desc())
        .limit(MOST)
    ).all()
    return [
        Case(
            case,
            account,
            opened,
            approved or "",
            ended or "",
            _fate(case, case.noticed_at, is_owed=noticing),
            "answered" if case.proved_at else _fate(case, case.proof_sent_at, is_owed=asking),
        )
        for case, account, opened, approved, ended, noticing, asking in rows
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
    return [
        LiveCase(case.ticket_id, case.state, name, case.opened_at, case.due_at, case.proved_at is not None)
        for case, name in rows
    ]


def _is_owed(letter: type[Owed]) -> ColumnElement[bool]:
    return and_(letter.id.is_not(None), letter.settled_at.is_(None))


def _fate(case: LostMailbox, sent_at: datetime | None, *, is_owed: bool) -> Fate:
    if case.approved_at is None:
        return ""
    if sent_at is not None:
        return "sent"
    return "waiting" if is_owed else "refused"
