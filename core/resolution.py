"""Resolution: the worker's half of recovery, which alone looks accounts up and owes the letter that fits (S1, S5).

What the letter says depends on the account's true state, so that an honest person is never left waiting; what the chat
says never does.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import (
    accounts,
    addresses,
    audit,
    letters,
    limits,
    links,
    outbox,
    profile,
    registration,
    rules,
    verification,
)
from core.keys import Keys
from core.letters import Letter, Secret
from core.recovery import RECOVER_USERNAME, RESEND_ACTIVATION, RESET_PASSWORD, STAFF
from core.references import reference
from core.refusals import BudgetSpent
from core.tables import AccountRequest, Challenge, Conversation
from core.verification import SEND_CODE


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that is to be resolved; `trace` is that of the message that made it."""

    id: int
    trace: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A request that was tried for the last time, with the chat that it came from."""

    id: int
    kind: str
    conversation: int | None
    language: str


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
    found = _letter(session, keys, request, now)
    letter = _completed(found, keys, request) if found else None
    outcome = _owe_within_budget(session, keys, request, letter, now)
    account = letter.account if letter else request.account_id
    session.execute(
        update(AccountRequest)
        .where(AccountRequest.id == request_id)
        .values(resolved_at=now, outcome=outcome, identifier=None, payload=None, account_id=account)
    )
    audit.record(
        session,
        audit.Event.REQUEST_RESOLVED,
        now=now,
        account_id=account,
        conversation_id=request.conversation_id,
        request=request.kind,
        proved_by=request.proved_by,
        outcome=outcome,
    )
    return outcome


def failed(session: Session, request_id: int, now: datetime) -> GivenUp | None:
    """Note that resolving a request crashed: it waits for its next try, or is returned as given up, for a ticket.

    That ticket belongs to no chat: whether there is an account behind the request is nobody's to learn (S1).
    """
    request = session.scalars(
        select(AccountRequest)
        .where(AccountRequest.id == request_id, AccountRequest.resolved_at.is_(None))
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if request is None:
        return None
    request.tries += 1
    if request.tries < rules.REQUEST_TRIES:
        request.due_at = now + outbox.retry_delay(request.tries)
        return None
    request.resolved_at, request.outcome, request.identifier = now, "failed", None
    request.payload = None
    return GivenUp(request.id, request.kind, request.conversation_id, _language(session, request))


def _owe_within_budget(
    session: Session, keys: Keys, request: AccountRequest, letter: Letter | None, now: datetime
) -> str:
    if letter is None:
        return "nobody"
    if request.proved_by != "code":
        is_started_by_staff = request.proved_by == STAFF and letter.account is not None
        try:
            if is_started_by_staff:
                limits.spend(session, keys, limits.ACCOUNT_STAFF_LETTERS, letter.account, now)
            else:
                limits.spend(session, keys, limits.MAILBOX_LETTERS, addresses.canonical(letter.to), now)
        except BudgetSpent:
            return "withheld"
    letters.owe(session, letter, now)
    return letter.key


def _completed(letter: Letter, keys: Keys, request: AccountRequest) -> Letter:
    """Return the letter with the reference that the asker was shown, and with who asked."""
    challenge = request.challenge_id
    shown = reference(keys, "request", request.id) if challenge is None else reference(keys, "code", challenge)
    fields = {**letter.fields, "reference": shown}
    return replace(letter, trace=request.trace, fields=fields, by_staff=request.proved_by == STAFF)


def _letter(session: Session, keys: Keys, request: AccountRequest, now: datetime) -> Letter | None:
    """Return the letter for this request and the account's true state; None where there is nobody to write to."""
    language, typed = _language(session, request), request.identifier or ""
    if request.kind == registration.REGISTER:
        return registration.register(session, keys, request, language, now)
    if request.kind == profile.CHANGE_EMAIL:
        return profile.prove_email(session, request, language, now)
    if request.kind == SEND_CODE and registration.is_for(session, request):
        return registration.code_letter(session, request, language, now)
    account = accounts.find(session, typed)
    if account is None:
        try:
            mailable = addresses.read(typed).mailable
        except ValueError:
            return None
        return Letter("no_account", mailable, language, {"address": mailable, "asked_on": now.isoformat()})
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
