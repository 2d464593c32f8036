"""Resolution: the worker's half of recovery, which alone looks accounts up and owes the letter that fits (S1, S5).

What the letter says depends on the account's true state, so that an honest person is never left waiting; what the chat
says never does.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import accounts, addresses, audit, letters, limits, links, outbox, rules, tickets, verification
from core.keys import Keys
from core.letters import Letter, Secret
from core.office_days import Calendar
from core.recovery import RECOVER_USERNAME, RESEND_ACTIVATION, RESET_PASSWORD
from core.refusals import BudgetSpent
from core.tables import Account, AccountRequest, Challenge, Conversation


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that is to be resolved; `trace` is that of the message that made it."""

    id: int
    trace: str


def waiting(session: Session, now: datetime, limit: int = 50) -> list[Waiting]:
    """Return the requests that are due and nobody has resolved, oldest first."""
    rows = session.execute(
        select(AccountRequest.id, AccountRequest.trace)
        .where(AccountRequest.resolved_at.is_(None), AccountRequest.due_at <= now)
        .order_by(AccountRequest.due_at, AccountRequest.id)
        .limit(limit)
    )
    return [Waiting(row.id, row.trace) for row in rows]


def resolve(session: Session, keys: Keys, request_id: int, now: datetime) -> str:
    """Resolve one request: owe the letter that fits, and blank what was typed. Return the outcome, for operators.

    Outcomes: a letter's key; `withheld` when the mailbox had its share; `nobody` where there is nowhere to write to;
    `taken` when another worker was first.
    """
    request = session.scalars(
        select(AccountRequest)
        .where(AccountRequest.id == request_id, AccountRequest.resolved_at.is_(None))
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if request is None or request.identifier is None:
        return "taken"
    account = accounts.find(session, request.identifier)
    found = _letter(session, request, account, now)
    letter = replace(found, trace=request.trace) if found else None
    outcome = _owe_within_budget(session, keys, request, letter, now)
    session.execute(
        update(AccountRequest)
        .where(AccountRequest.id == request_id)
        .values(resolved_at=now, outcome=outcome, identifier=None, account_id=account.id if account else None)
    )
    audit.record(
        session,
        audit.Event.REQUEST_RESOLVED,
        now=now,
        account_id=account.id if account else None,
        conversation_id=request.conversation_id,
        request=request.kind,
        proved_by=request.proved_by,
        outcome=outcome,
    )
    return outcome


def failed(session: Session, request_id: int, reason: str, now: datetime, calendar: Calendar) -> bool:
    """Note that resolving a request crashed: it waits for its next try, or becomes a ticket; return whether it did.

    The ticket is due on the help desk's `calendar`, and belongs to no chat: whether there is an account behind the
    request is nobody's to learn (S1).
    """
    request = session.scalars(
        select(AccountRequest)
        .where(AccountRequest.id == request_id, AccountRequest.resolved_at.is_(None))
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if request is None:
        return False
    request.tries += 1
    if request.tries < rules.REQUEST_TRIES:
        request.due_at = now + outbox.retry_delay(request.tries)
        return False
    request.resolved_at, request.outcome, request.identifier = now, "failed", None
    happened = f"Request {request.id} ({request.kind}) could not be resolved: {reason}."
    if request.conversation_id is not None:
        happened += f" It came from conversation {request.conversation_id}."
    tickets.open_for_service(session, "request", happened, None, _language(session, request), now, calendar)
    return True


def _owe_within_budget(
    session: Session, keys: Keys, request: AccountRequest, letter: Letter | None, now: datetime
) -> str:
    if letter is None:
        return "nobody"
    if request.proved_by != "code":
        is_started_by_staff = request.proved_by == "staff" and letter.account is not None
        try:
            if is_started_by_staff:
                limits.spend(session, keys, limits.ACCOUNT_STAFF_LETTERS, letter.account, now)
            else:
                limits.spend(session, keys, limits.MAILBOX_LETTERS, addresses.canonical(letter.to), now)
        except BudgetSpent:
            return "withheld"
    letters.owe(session, letter, now)
    return letter.key


def _letter(session: Session, request: AccountRequest, account: Account | None, now: datetime) -> Letter | None:
    """Return the letter for this request and the account's true state; None where there is nobody to write to."""
    language = _language(session, request)
    if account is None:
        try:
            typed = addresses.read(request.identifier or "").mailable
        except ValueError:
            return None
        return Letter("no_account", typed, language, {"address": typed, "asked_on": now.isoformat()})
    fields = {"first_name": account.first_name, "username": account.username, "asked_on": now.isoformat()}
    if request.challenge_id is not None:
        challenge = session.get_one(Challenge, request.challenge_id)
        code = Secret("code", challenge.id, verification.reference(challenge))
        return Letter("verification_code", account.email, language, fields, code, account.id)
    status = accounts.status(account, now)
    match status:
        case "lapsed":
            return Letter("activation_lapsed", account.email, language, fields, None, account.id)
        case "awaiting_activation":
            link = links.issue(session, account.id, "activate", now)
            fields["deadline"] = accounts.activation_deadline(account).isoformat()
            key = {
                RESEND_ACTIVATION: "activation",
                RECOVER_USERNAME: "username_reminder_and_activation",
                RESET_PASSWORD: "reset_needs_activation",
            }[request.kind]
            return Letter(key, account.email, language, fields, Secret("activate", link.id), account.id)
        case "active" if request.kind == RESET_PASSWORD:
            link = links.issue(session, account.id, "reset", now)
            return Letter("password_reset", account.email, language, fields, Secret("reset", link.id), account.id)
        case "active":
            key = "already_active" if request.kind == RESEND_ACTIVATION else "username_reminder"
            return Letter(key, account.email, language, fields, None, account.id)
        case _:
            assert_never(status)


def _language(session: Session, request: AccountRequest) -> str:
    """Return the language of the chat that asked; English when the chat was forgotten."""
    found = session.scalar(select(Conversation.language).where(Conversation.id == request.conversation_id))
    return found or "en"
