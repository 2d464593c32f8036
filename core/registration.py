"""Registering on the pages (002): a sealed request, and the worker's half, which writes to the mailbox's owner (000).

Whether an e-mail address is in use shows in its mailbox alone: the page answers everybody alike.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from core import accounts, links, recovery, verification
from core.context import Context
from core.keys import Keys
from core.letters import Letter, Secret
from core.refusals import AccountRefused
from core.tables import Account, AccountRequest, Challenge
from core.verification import Proof

REGISTER: Final = "register"


@dataclass(frozen=True, slots=True)
class Registration:
    """What somebody filled in, checked; the password hashed."""

    username: str
    first_name: str
    last_name: str
    email: str
    password_hash: str
    protection_phrase: str


def ask(context: Context, identifier: str, asked: Registration, proof: Proof) -> int:
    """Ask for an account; return the request's row id. ProofRefused or BudgetSpent as for every request.

    What was filled in is sealed until the worker has read it (S2).
    """
    payload = context.keys.seal(json.dumps(asdict(asked)).encode())
    return recovery.request(context, REGISTER, identifier, proof, payload)


def is_for(session: Session, request: AccountRequest) -> bool:
    """Return whether a code was asked for on the form of a registration."""
    challenge = session.get(Challenge, request.challenge_id) if request.challenge_id else None
    return challenge is not None and challenge.purpose == REGISTER


def code_letter(session: Session, request: AccountRequest, language: str, now: datetime) -> Letter:
    """Return the letter with the code of a registration: the same whether or not the address has an account."""
    challenge = session.get_one(Challenge, request.challenge_id)
    secret = Secret("code", challenge.id, verification.reference(challenge))
    return Letter("registration_code", request.identifier or "", language, {"asked_on": now.isoformat()}, secret)


def register(session: Session, keys: Keys, request: AccountRequest, language: str, now: datetime) -> Letter:
    """Make the account, and return its activation letter; or the one that tells the mailbox's owner what they have."""
    asked = Registration(**json.loads(keys.unseal(request.payload or b"")))
    try:
        account = accounts.register(session, now, **asdict(asked))
    except AccountRefused as refused:
        if refused.phrase not in {"username_taken", "email_taken"}:
            raise
    else:
        return _to_activate(session, account, "activation", language, now)
    owner = accounts.find_by_email(session, asked.email)
    if owner is None:
        fields = {"first_name": asked.first_name, "username": asked.username, "asked_on": now.isoformat()}
        return Letter("username_taken", asked.email, language, fields)
    return in_use(session, owner, language, now)


def in_use(session: Session, owner: Account, language: str, now: datetime) -> Letter:
    """Return the letter to the owner of an account whose address somebody typed into a form (000)."""
    if accounts.status(owner, now) == "awaiting_activation":
        return _to_activate(session, owner, "email_in_use_not_active", language, now)
    return Letter("email_in_use", owner.email, language, _fields(owner, now), None, owner.id)


def _to_activate(session: Session, account: Account, key: str, language: str, now: datetime) -> Letter:
    link = links.issue(session, account.id, links.ACTIVATE, now)
    fields = {**_fields(account, now), "deadline": accounts.activation_deadline(account).isoformat()}
    return Letter(key, account.email, language, fields, Secret("activate", link.id), account.id)


def _fields(account: Account, now: datetime) -> dict[str, str]:
    return {"first_name": account.first_name, "username": account.username, "asked_on": now.isoformat()}
