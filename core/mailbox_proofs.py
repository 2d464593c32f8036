"""The new mailbox's word on a lost one: it has to answer a letter, or the address is never changed to it."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, mailbox_links, rules, ticket_history
from core.audit import Event
from core.keys import Keys
from core.lost_mailboxes import APPROVED, LAPSED, held_case, moved
from core.refusals import LinkRefused
from core.tables import LostMailbox
from core.ticket_history import Kind


def is_open(case: LostMailbox, now: datetime) -> bool:
    """Return whether the new mailbox is still asked: the case stands, and its time for an answer is not over."""
    is_asked = case.state == APPROVED and case.proved_at is None
    return is_asked and case.approved_at is not None and now < lapses(case.approved_at)


def lapses(approved_at: datetime) -> datetime:
    """Return when a case that was approved then lapses, unless the new mailbox has answered."""
    return approved_at + timedelta(days=rules.MAILBOX_PROOF_DAYS)


def prove(session: Session, keys: Keys, given: str, now: datetime) -> tuple[LostMailbox, bool]:
    """Take the answer of the new mailbox; return its case, and whether it was still asked for.

    LinkRefused when the link was never ours, or its case was never approved.
    """
    case = held_case(session, mailbox_links.look(session, keys, mailbox_links.PROVE, given).id)
    if case is None:
        raise LinkRefused
    is_proved = is_open(case, now) and moved(session, case, (APPROVED,), proved_at=now)
    if is_proved:
        _note(session, case, Event.MAILBOX_PROVED, Kind.MAILBOX_PROVED, now)
    return case, is_proved


def asked(session: Session, case_id: int, now: datetime) -> None:
    """Note that SMTP has taken the letter to the new mailbox."""
    case = held_case(session, case_id)
    if case is not None:
        case.proof_sent_at = now


def refused(session: Session, case_id: int, why: str, now: datetime) -> None:
    """Note that the new address takes no mail: staff withdraw the case, and open another with the right address."""
    case = held_case(session, case_id)
    if case is not None:
        _note(session, case, Event.MAILBOX_PROOF_REFUSED, Kind.MAILBOX_PROOF_REFUSED, now, why)


def lapsing(session: Session, now: datetime, limit: int = 50) -> list[int]:
    """Return the cases whose new mailbox has not answered in time, oldest first."""
    approved_by = now - timedelta(days=rules.MAILBOX_PROOF_DAYS)
    unproved = (LostMailbox.state == APPROVED, LostMailbox.ended_at.is_(None), LostMailbox.proved_at.is_(None))
    query = select(LostMailbox.id).where(*unproved, LostMailbox.approved_at <= approved_by)
    return list(session.scalars(query.order_by(LostMailbox.id).limit(limit)))


def lapse(session: Session, case_id: int, now: datetime) -> str:
    """End a case whose new mailbox has not answered in time; return the case's state."""
    case = held_case(session, case_id)
    if case is None:
        return LAPSED
    if case.state == APPROVED and case.proved_at is None and not is_open(case, now):
        moved(session, case, (APPROVED,), state=LAPSED, ended_at=now)
        _note(session, case, Event.MAILBOX_LAPSED, Kind.MAILBOX_LAPSED, now)
    return case.state


def _note(session: Session, case: LostMailbox, event: Event, kind: Kind, now: datetime, text: str = "") -> None:
    ticket_history.add(session, case.ticket_id, kind, now, text=text, case=case.id)
    about = {"case": case.id, "ticket": case.ticket_id}
    audit.record(session, event, now=now, account_id=case.account_id, **about)
