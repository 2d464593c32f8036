"""The audit trail: what happened to accounts and to the service, without secrets and without plain identifiers."""

import re
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from core.tables import AuditEvent

# Words of the code and ids of rows pass; an address, a name, a token or a sentence does not.
_CODE_WORD = re.compile(r"[a-z0-9_.:-]{1,48}")


class Event(StrEnum):
    """What is recorded; the part before the dot is what it happened to."""

    ACCOUNT_REGISTERED = "account.registered"
    ACCOUNT_ACTIVATED = "account.activated"
    ACCOUNT_PASSWORD_CHANGED = "account.password_changed"
    ACCOUNT_EMAIL_CHANGED = "account.email_changed"
    ACCOUNT_PROFILE_CHANGED = "account.profile_changed"
    ACCOUNT_SIGNED_IN = "account.signed_in"
    ACCOUNT_SIGN_IN_REFUSED = "account.sign_in_refused"
    ACCOUNT_SIGNED_OUT = "account.signed_out"
    ACCOUNT_SIGNED_OUT_EVERYWHERE = "account.signed_out_everywhere"
    ACCOUNTS_IMPORTED = "accounts.imported"
    LINK_ISSUED = "link.issued"
    LINK_USED = "link.used"
    REQUEST_RESOLVED = "request.resolved"
    LETTER_REFUSED = "letter.refused"
    TICKET_OPENED = "ticket.opened"
    STAFF_ADDED = "staff.added"
    STAFF_CHANGED = "staff.changed"
    STAFF_LINK_GIVEN = "staff.link_given"
    STAFF_DISABLED = "staff.disabled"
    STAFF_ENABLED = "staff.enabled"
    STAFF_PASSWORD_SET = "staff.password_set"
    STAFF_SIGNED_IN = "staff.signed_in"
    STAFF_REFUSED = "staff.refused"
    STAFF_SIGNED_OUT = "staff.signed_out"
    MAILBOX_OPENED = "mailbox.opened"
    MAILBOX_APPROVED = "mailbox.approved"
    MAILBOX_NOTICED = "mailbox.noticed"
    MAILBOX_NOTICE_REFUSED = "mailbox.notice_refused"
    MAILBOX_PROVED = "mailbox.proved"
    MAILBOX_PROOF_REFUSED = "mailbox.proof_refused"
    MAILBOX_LAPSED = "mailbox.lapsed"
    MAILBOX_STOPPED = "mailbox.stopped"
    MAILBOX_CONTESTED = "mailbox.contested"
    MAILBOX_REFUSED = "mailbox.refused"
    MAILBOX_WITHDRAWN = "mailbox.withdrawn"
    MAILBOX_DONE = "mailbox.done"
    ACCOUNT_LOOKED_AT = "account.looked_at"
    LESSON_PUT_AWAY = "lesson.put_away"
    ACTION_STARTED = "account.action_started"
    AUDIT_PURGED = "audit.purged"
    CONVERSATION_FORGOTTEN = "conversation.forgotten"
    CONVERSATION_MOVED = "conversation.moved"
    CONVERSATION_UNREACHABLE = "conversation.unreachable"


def record(
    session: Session,
    event: Event,
    *,
    now: datetime,
    account_id: int | None = None,
    conversation_id: int | None = None,
    **detail: int | str,
) -> None:
    """Write the event in the transaction of what happened, so that neither is there without the other.

    A detail is a number or a word of the code (`purpose="reset"`); ValueError on anything that could name a person
    or hold a secret.
    """
    for name, value in detail.items():
        if isinstance(value, str) and not _CODE_WORD.fullmatch(value):
            raise ValueError(f"the detail {name} of {event} is neither a number nor a word of the code")
    session.add(
        AuditEvent(at=now, event=event, account_id=account_id, conversation_id=conversation_id, detail=dict(detail))
    )
