"""What staff start for a person (S4): what the bot starts, and its result goes to the address on file alone."""

from typing import Final

from core import audit, ticket_history
from core.context import Desk
from core.recovery import RECOVER_USERNAME, RESEND_ACTIVATION, RESET_PASSWORD, STAFF
from core.refusals import TicketRefused
from core.tables import Account, AccountRequest
from core.ticket_history import Kind
from core.ticket_work import unresolved

STARTED: Final = (RESEND_ACTIVATION, RECOVER_USERNAME, RESET_PASSWORD)
_LONGEST = 320


def start(desk: Desk, ticket: int, action: str, identifier: str = "") -> None:
    """Queue an action on the ticket's account, or on the one that `identifier` names where the ticket has none.

    As for anybody who asks, nobody here learns whether there is such an account: the worker looks it up, and writes to
    the address on file, within a budget of the account's own. TicketRefused: no such action, or nobody is named.
    """
    found = unresolved(desk, ticket)
    if action not in STARTED:
        raise TicketRefused("no_such_action")
    account = desk.session.get(Account, found.account_id) if found.account_id is not None else None
    named = account.username if account else identifier.strip()
    if not named or len(named) > _LONGEST:
        raise TicketRefused("identifier_missing")
    desk.session.add(
        AccountRequest(
            kind=action,
            identifier=named,
            proved_by=STAFF,
            conversation_id=found.conversation_id,
            created_at=desk.now,
        )
    )
    ticket_history.add(desk.session, ticket, Kind.STARTED, desk.now, staff=desk.staff, action=action)
    audit.record(
        desk.session,
        audit.Event.ACTION_STARTED,
        now=desk.now,
        account_id=found.account_id,
        conversation_id=found.conversation_id,
        staff=desk.staff or 0,
        ticket=ticket,
        action=action,
    )


def look(desk: Desk, ticket: int) -> None:
    """Note that somebody of staff has looked at the account's facts unmasked; TicketRefused where there are none."""
    found = unresolved(desk, ticket)
    if found.account_id is None:
        raise TicketRefused("no_account")
    ticket_history.add(desk.session, ticket, Kind.LOOKED, desk.now, staff=desk.staff)
    audit.record(
        desk.session,
        audit.Event.ACCOUNT_LOOKED_AT,
        now=desk.now,
        account_id=found.account_id,
        staff=desk.staff or 0,
        ticket=ticket,
    )
