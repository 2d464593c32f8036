"""What an account's owner changes once signed in: the e-mail address, proved in the new mailbox; the password."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from core import account_sessions, accounts, addresses, limits, links, recovery, registration
from core.account_sessions import SignedIn
from core.context import Context
from core.letters import Letter, Secret
from core.tables import Account, AccountRequest

CHANGE_EMAIL: Final = "change_email"


def ask_to_change_email(context: Context, account: Account, email: str) -> int:
    """Ask for a letter to the new mailbox (003); return the request's row id, or raise BudgetSpent.

    Whether the address has another account shows in its mailbox alone.
    """
    limits.spend(context.session, context.keys, limits.CHAT_REQUESTS, f"account {account.id}", context.now)
    return recovery.queue(context, CHANGE_EMAIL, addresses.read(email).mailable, "password", account=account.id)


def prove_email(session: Session, request: AccountRequest, language: str, now: datetime) -> Letter | None:
    """Return the letter to the new mailbox: its link proves it, or its owner learns that they have an account."""
    account = session.get(Account, request.account_id) if request.account_id else None
    if account is None:
        return None
    email = request.identifier or ""
    owner = accounts.find_by_email(session, email)
    if owner is not None and owner.id != account.id and accounts.status(owner, now) != "lapsed":
        return registration.in_use(session, owner, language, now)
    link = links.issue(session, account.id, links.EMAIL, now, email=email)
    fields = {"first_name": account.first_name, "username": account.username, "asked_on": now.isoformat()}
    return Letter("email_change", email, language, fields, Secret("email", link.id), account.id)


def change_password(session: Session, signed_in: SignedIn, password_hash: str, now: datetime, *, language: str) -> None:
    """Keep a new password, sign out every other browser, and tell the owner."""
    account = session.get_one(Account, signed_in.account.id)
    accounts.set_password(session, account, password_hash, now)
    account_sessions.end_all(session, account.id, now, but=signed_in.session)
    links.tell(session, account, "password_changed", language, now)
