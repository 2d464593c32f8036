"""What people ask for about accounts: a request row, whoever asks; no account is looked up here."""

from core import limits, tracing, verification
from core.context import Context
from core.tables import AccountRequest
from core.verification import Proof

RESEND_ACTIVATION = "resend_activation"
RECOVER_USERNAME = "recover_username"
RESET_PASSWORD = "reset_password"
# What a request is proved by that somebody of staff started: by nothing, so that it counts to the mailbox's budget.
STAFF = "staff"


def resend_activation(context: Context, identifier: str, proof: Proof) -> int:
    """Ask for the activation letter to be sent again (000, 003); return the request's row id."""
    return request(context, RESEND_ACTIVATION, identifier, proof)


def remind_username(context: Context, address: str, proof: Proof) -> int:
    """Ask for the username to be mailed to the address on file (000, 004); return the request's row id."""
    return request(context, RECOVER_USERNAME, address, proof)


def start_reset(context: Context, identifier: str, proof: Proof) -> int:
    """Ask for a link that sets a new password (004: by username or e-mail); return the request's row id."""
    return request(context, RESET_PASSWORD, identifier, proof)


def request(context: Context, kind: str, identifier: str, proof: Proof, payload: bytes | None = None) -> int:
    """Consume the proof and queue the request: ProofRefused, or BudgetSpent when this chat asked too often."""
    verification.consume(context, proof, kind, identifier)
    limits.spend(context.session, context.keys, limits.CHAT_REQUESTS, context.conversation, context.now)
    return queue(context, kind, identifier, proof.kind, payload=payload)


def queue(
    context: Context,
    kind: str,
    identifier: str,
    proved_by: str,
    *,
    payload: bytes | None = None,
    account: int | None = None,
) -> int:
    """Queue a request that has been proved and counted; `account` is its asker's, where they are signed in."""
    queued = AccountRequest(
        kind=kind,
        identifier=identifier,
        payload=payload,
        proved_by=proved_by,
        account_id=account,
        conversation_id=context.conversation,
        created_at=context.now,
        trace=tracing.current(),
    )
    context.session.add(queued)
    context.session.flush()
    return queued.id
