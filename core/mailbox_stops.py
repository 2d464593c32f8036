"""The owner's word on a lost mailbox: the notice to the old address, and the link in it that stops the change.

After the change it stops nothing any more; then the owner's word becomes an urgent ticket, which the worker opens.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, mailbox_links, rules, ticket_history, tickets
from core.audit import Event
from core.keys import Keys
from core.lost_mailboxes import APPROVED, DONE, STOPPED, held_case, moved
from core.office_days import Calendar
from core.refusals import LinkRefused
from core.tables import LostMailbox, Ticket
from core.takeover import set_due
from core.ticket_history import Kind
from core.tickets import OPEN, RESOLVED, WAITING


def stop(session: Session, keys: Keys, given: str, now: datetime) -> tuple[LostMailbox, bool]:
    """Stop the change for good; return its case, and whether this stopped it: one that is over stays as it is.

    It shows at once: its ticket, unless resolved, waits for nobody any more and is as urgent as one after a change.
    Where the change is made already, the owner's word that it was not theirs is kept, and `contested` has the case.
    LinkRefused when the link was never ours, or its case was never approved.
    """
    case = held_case(session, mailbox_links.look(session, keys, mailbox_links.STOP, given).id)
    if case is None:
        raise LinkRefused
    is_stopped = moved(session, case, (APPROVED,), state=STOPPED, ended_at=now)
    if is_stopped:
        _note(session, case, Event.MAILBOX_STOPPED, Kind.MAILBOX_STOPPED, now)
        _make_urgent(session.get_one(Ticket, case.ticket_id), now)
    elif case.state == DONE and case.contested_at is None:
        case.contested_at = now
        _note(session, case, Event.MAILBOX_CONTESTED, Kind.MAILBOX_CONTESTED, now)
    return case, is_stopped


def contested(session: Session) -> list[tuple[int, int]]:
    """Return the cases, each with its ticket, whose owner spoke after the change and for which no ticket is open."""
    unheard = (LostMailbox.contested_at.is_not(None), LostMailbox.contested_ticket.is_(None))
    rows = session.execute(select(LostMailbox.id, LostMailbox.ticket_id).where(*unheard).order_by(LostMailbox.id))
    return [(each.id, each.ticket_id) for each in rows]


def open_ticket(session: Session, case_id: int, happened: str, now: datetime, calendar: Calendar) -> int | None:
    """Open the urgent ticket about a contested case, told in `happened`; return its row id, None where it is open."""
    case = held_case(session, case_id)
    if case is None or case.contested_ticket is not None:
        return None
    language = session.get_one(Ticket, case.ticket_id).language
    case.contested_ticket = tickets.open_urgent(session, happened, case.ticket_id, language, now, calendar)
    return case.contested_ticket


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


def _make_urgent(ticket: Ticket, now: datetime) -> None:
    """Open what waits for its person, and make it due in hours where it is not due sooner; a resolved one stays so."""
    urgent = now + timedelta(hours=rules.TICKET_URGENT_HOURS)
    if ticket.state == RESOLVED:
        return
    if ticket.state == WAITING or ticket.due_at > urgent:
        set_due(ticket, urgent)
    if ticket.state == WAITING:
        ticket.state = OPEN


def _note(session: Session, case: LostMailbox, event: Event, kind: Kind, now: datetime, text: str = "") -> None:
    ticket_history.add(session, case.ticket_id, kind, now, text=text, case=case.id)
    about = {"case": case.id, "ticket": case.ticket_id}
    audit.record(session, event, now=now, account_id=case.account_id, **about)
