"""The change of address that follows an approved case of a lost mailbox: the worker does it, a day later or more."""

from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from core import account_sessions, accounts, addresses, audit, letters, ticket_history
from core.audit import Event
from core.letters import Letter, Secret
from core.lost_mailboxes import APPROVED, DONE, REFUSED, held_case, moved
from core.tables import Account, AccountRequest, Challenge, Link, LostMailbox, Owed, Ticket
from core.ticket_history import Kind

# Why the service itself ends a case: nobody of staff did.
ADDRESS_TAKEN = "address_taken"
ADDRESS_CHANGED = "address_changed"


def due(session: Session, now: datetime, limit: int = 50) -> list[int]:
    """Return the cases whose time is over and whose new mailbox has answered, oldest first.

    None of them is one whose notice may still be delivered.
    """
    return list(
        session.scalars(
            select(LostMailbox.id)
            .where(LostMailbox.ended_at.is_(None), LostMailbox.due_at <= now, LostMailbox.state == APPROVED)
            .where(LostMailbox.proved_at.is_not(None))
            .where(~exists().where(Owed.id == LostMailbox.notice_id, Owed.settled_at.is_(None)))
            .order_by(LostMailbox.due_at)
            .limit(limit)
        )
    )


def complete(session: Session, case_id: int, now: datetime) -> str:
    """Change the account's address, if the case still stands, its time is over and the new mailbox has answered.

    Both mailboxes are told. Whatever was mailed or proved before is void: links, codes, and that a chat was known as
    the owner's. Returns the
    case's state; `refused` where the address has become another account's, or the account's own has changed meanwhile.
    """
    case = held_case(session, case_id)
    if case is None:
        return REFUSED
    if case.state != APPROVED or case.proved_at is None or case.due_at is None or case.due_at > now:
        return case.state
    account = session.get_one(Account, case.account_id, with_for_update=True, populate_existing=True)
    if account.email != case.old_email:
        return _given_up(session, case, ADDRESS_CHANGED, now)
    if not accounts.set_email(session, account, case.new_email, now):
        return _given_up(session, case, ADDRESS_TAKEN, now)
    moved(session, case, (APPROVED,), state=DONE, ended_at=now)
    _void(session, account, now)
    _note(session, case, Event.MAILBOX_DONE, Kind.MAILBOX_DONE, now)
    _tell(session, case, account, now)
    return DONE


def _void(session: Session, account: Account, now: datetime) -> None:
    """End every session, link and code that the old mailbox may hold, and what chats have proved with such codes."""
    account_sessions.end_all(session, account.id, now)
    session.execute(update(Link).where(Link.account_id == account.id, Link.used_at.is_(None)).values(used_at=now))
    mine = AccountRequest.account_id == account.id
    codes = session.scalars(select(AccountRequest.challenge_id).where(mine)).all()
    session.execute(update(AccountRequest).where(mine).values(account_id=None))
    session.execute(
        update(Challenge)
        .where(Challenge.id.in_(codes), Challenge.consumed_at.is_(None))
        .values(superseded_at=now, consumed_at=now)
    )


def _tell(session: Session, case: LostMailbox, account: Account, now: datetime) -> None:
    language = session.get_one(Ticket, case.ticket_id).language
    fields = {"first_name": account.first_name, "username": account.username, "asked_on": now.isoformat()}
    masked = {"new_email": addresses.masked(case.new_email)}
    new = {"old_email": addresses.masked(case.old_email)}
    for letter in (
        Letter("mailbox_changed", case.old_email, language, fields | masked, Secret("stop", case.id), account.id),
        Letter("mailbox_is_yours", case.new_email, language, fields | new, account=account.id),
    ):
        letters.owe(session, letter, now)


def _given_up(session: Session, case: LostMailbox, why: str, now: datetime) -> str:
    moved(session, case, (APPROVED,), state=REFUSED, ended_at=now, ended_why=why)
    _note(session, case, Event.MAILBOX_REFUSED, Kind.MAILBOX_REFUSED, now, why)
    return REFUSED


def _note(session: Session, case: LostMailbox, event: Event, kind: Kind, now: datetime, why: str = "done") -> None:
    ticket_history.add(session, case.ticket_id, kind, now, case=case.id, why=why)
    audit.record(session, event, now=now, account_id=case.account_id, case=case.id, ticket=case.ticket_id, outcome=why)
