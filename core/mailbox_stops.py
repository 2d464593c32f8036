"""The owner's word on a lost mailbox: the notice to the old address, and the link in it that stops the change."""

import hmac
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from core import audit, rules, ticket_history
from core.audit import Event
from core.keys import Keys
from core.lost_mailboxes import APPROVED, STOPPED, held_case, moved
from core.refusals import LinkRefused
from core.tables import LostMailbox
from core.ticket_history import Kind

# The largest id that both databases can look for.
_LARGEST_ID = 2**31 - 1


def token(keys: Keys, case: LostMailbox) -> str:
    """Return what follows `/stop/` in the link's address: derived each time, stored nowhere (G4)."""
    return keys.token(f"stop {case.opened_at.astimezone(UTC).isoformat()}", case.id)


def look(session: Session, keys: Keys, given: str) -> LostMailbox:
    """Return the case that the link is about, however it stands; nothing is stopped, however often it is opened.

    LinkRefused when the link was never ours, or its case was never approved.
    """
    number, _, _ = given.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) <= 10 and int(number) <= _LARGEST_ID):
        raise LinkRefused
    case = session.get(LostMailbox, int(number))
    if case is None or case.approved_at is None:
        raise LinkRefused
    if not any(hmac.compare_digest(token(each, case).encode(), given.encode(errors="replace")) for each in keys.live):
        raise LinkRefused
    return case


def stop(session: Session, keys: Keys, given: str, now: datetime) -> tuple[LostMailbox, bool]:
    """Stop the change for good; return its case, and whether this stopped it: one that is over stays as it is.

    LinkRefused as `look`.
    """
    case = held_case(session, look(session, keys, given).id)
    if case is None:
        raise LinkRefused
    is_stopped = moved(session, case, (APPROVED,), state=STOPPED, ended_at=now)
    if is_stopped:
        _note(session, case, Event.MAILBOX_STOPPED, Kind.MAILBOX_STOPPED, now)
    return case, is_stopped


def noticed(session: Session, case_id: int, now: datetime) -> None:
    """Note that SMTP has taken the notice: from now on its reader has the whole time to stop the change."""
    case = held_case(session, case_id)
    if case is None or case.state != APPROVED or case.due_at is None:
        return
    case.noticed_at = now
    case.due_at = max(case.due_at, now + timedelta(hours=rules.MAILBOX_WAIT_HOURS))
    about = {"case": case.id, "ticket": case.ticket_id}
    audit.record(session, Event.MAILBOX_NOTICED, now=now, account_id=case.account_id, **about)


def notice_refused(session: Session, case_id: int, why: str, now: datetime) -> None:
    """Note that the old address takes no mail, which staff may want to know: a mailbox that is lost is often gone."""
    case = held_case(session, case_id)
    if case is not None:
        _note(session, case, Event.MAILBOX_NOTICE_REFUSED, Kind.MAILBOX_NOTICE_REFUSED, now, why)


def _note(session: Session, case: LostMailbox, event: Event, kind: Kind, now: datetime, text: str = "") -> None:
    ticket_history.add(session, case.ticket_id, kind, now, text=text, case=case.id)
    about = {"case": case.id, "ticket": case.ticket_id}
    audit.record(session, event, now=now, account_id=case.account_id, **about)
