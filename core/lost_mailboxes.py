"""A lost mailbox, as staff handle it: one opens the case with evidence, a second approves, and either may end it (S4).

    opened --approve--> approved --24 hours, and the new mailbox's answer--> done   (`core.mailbox_changes`, the worker)
       |                    |----no answer in 14 days---> lapsed    (`core.mailbox_proofs`)
       |                    |----the owner---> stopped     (`core.mailbox_stops`, by the link in the notice)
       '---- refuse (another), withdraw (the opener) ----> refused, withdrawn

No single person completes it. The second is another member of staff, and nobody whose password link has gone through
the first one's hands, nor the other way round, nor both through a third one's: whoever gives such a link could have
used it. Neither may have come, or set a new password, on the day before the case was opened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import accounts, addresses, audit, letters, rules, ticket_history
from core.audit import Event
from core.context import Desk
from core.database import insert
from core.letters import Letter, Secret
from core.refusals import TicketRefused
from core.roles import Duty, has
from core.tables import Account, LostMailbox, Staff, Ticket
from core.ticket_history import Kind
from core.ticket_work import unresolved

OPENED: Final = "opened"
APPROVED: Final = "approved"
STOPPED: Final = "stopped"
REFUSED: Final = "refused"
WITHDRAWN: Final = "withdrawn"
DONE: Final = "done"
LAPSED: Final = "lapsed"
LIVE: Final = (OPENED, APPROVED)

# Somebody whom we found ourselves was asked: the first three. What a stranger can get hold of only adds to it: anybody
# prints a letterhead, and a facility's CERS ID is public.
INDEPENDENT: Final = ("called_back", "regulator_confirms", "lead_user_confirms")
EVIDENCE: Final = (*INDEPENDENT, "letterhead", "cers_id")

_EVENTS: Final = {
    REFUSED: (Event.MAILBOX_REFUSED, Kind.MAILBOX_REFUSED),
    WITHDRAWN: (Event.MAILBOX_WITHDRAWN, Kind.MAILBOX_WITHDRAWN),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody of staff writes into the form; `identifier` counts where the ticket knows no account."""

    identifier: str
    email: str
    email_again: str
    reason: str
    evidence: Sequence[str]
    checked: str


def open_case(desk: Desk, ticket: int, claim: Claim) -> int:
    """Open a case on the ticket and return its row id; nothing leaves before a second member of staff approves.

    TicketRefused: the ticket is resolved or unknown, it is not their duty, they are too new, something is missing or
    too long, the evidence is too thin, there is no such account, the address is none, the same, or another account's,
    there is a case already, or the owner has stopped one lately.
    """
    found = unresolved(desk, ticket)
    opener = _settled_member(desk, desk.now)
    evidence = [each for each in EVIDENCE if each in claim.evidence]
    _refuse_thin(claim, evidence)
    account = _account(desk, found, claim.identifier)
    email = _address(desk.session, account, claim, desk.now)
    _refuse_stopped_lately(desk, account)
    case: int | None = desk.session.scalar(
        insert(desk.session, LostMailbox)
        .values(
            ticket_id=ticket,
            account_id=account.id,
            old_email=account.email,
            new_email=email,
            reason=claim.reason.strip(),
            evidence=evidence,
            checked=claim.checked.strip(),
            state=OPENED,
            opened_by=opener.id,
            opened_at=desk.now,
            opened_hands=_hands(opener),
            ended_why="",
        )
        .on_conflict_do_nothing()
        .returning(LostMailbox.id)
    )
    if case is None:
        raise TicketRefused("mailbox_case_open")
    ticket_history.add(desk.session, ticket, Kind.MAILBOX_OPENED, desk.now, staff=opener.id, case=case)
    about = {"case": case, "ticket": ticket, "staff": opener.id, **dict.fromkeys(evidence, 1)}
    audit.record(desk.session, Event.MAILBOX_OPENED, now=desk.now, account_id=account.id, **about)
    return case


def approve(desk: Desk, ticket: int, case: int) -> datetime:
    """Be the second: owe a letter to either mailbox, and return from when on the address may be changed.

    The old one learns how to stop it, the new one how to answer. The latter is told of no name and no username: it may
    be a stranger's, mistyped.

    TicketRefused: there is no such case, its ticket is resolved, it is approved or over, it is not their duty, they are
    too new, it is their own, or one of the two has given the other a password link, or a third one both.
    """
    language = unresolved(desk, ticket).language
    found = _case(desk, ticket, case)
    member = _settled_member(desk, found.opened_at)
    _refuse_same_hands(desk, found, member)
    due_at = desk.now + timedelta(hours=rules.MAILBOX_WAIT_HOURS)
    approved = {"state": APPROVED, "approved_by": member.id, "approved_at": desk.now, "due_at": due_at}
    if not moved(desk.session, found, (OPENED,), **approved):
        raise TicketRefused("mailbox_case_over")
    account = desk.session.get_one(Account, found.account_id)
    fields = {
        "first_name": account.first_name,
        "username": account.username,
        "asked_on": found.opened_at.isoformat(),
        "new_email": addresses.masked(found.new_email),
    }
    notice = Letter("lost_mailbox_notice", found.old_email, language, fields, Secret("stop", case), account.id)
    found.notice_id = letters.owe(desk.session, notice, desk.now)
    about = {"asked_on": found.opened_at.isoformat()}
    proof = Letter("lost_mailbox_proof", found.new_email, language, about, Secret("prove", case), account.id)
    found.proof_id = letters.owe(desk.session, proof, desk.now)
    _note(desk, found, Event.MAILBOX_APPROVED, Kind.MAILBOX_APPROVED)
    return due_at


def refuse(desk: Desk, ticket: int, case: int, why: str) -> None:
    """End a colleague's case, approved or not; TicketRefused as `withdraw`, or when no reason is given."""
    _member(desk)
    found = _case(desk, ticket, case)
    if found.opened_by == desk.staff:
        raise TicketRefused("mailbox_own_case")
    if not why.strip():
        raise TicketRefused("mailbox_why_missing")
    _end(desk, found, REFUSED, why.strip()[: rules.MAILBOX_TEXT_CHARACTERS])


def withdraw(desk: Desk, ticket: int, case: int) -> None:
    """End one's own case; TicketRefused: there is no such case, it is over, or it is a colleague's."""
    _member(desk)
    found = _case(desk, ticket, case)
    if found.opened_by != desk.staff:
        raise TicketRefused("mailbox_not_own_case")
    _end(desk, found, WITHDRAWN, "")


def look(desk: Desk, ticket: int, case: int) -> None:
    """Note that somebody of staff has looked at the account's facts unmasked; TicketRefused where there is no case."""
    _member(desk)
    found = _case(desk, ticket, case)
    ticket_history.add(desk.session, found.ticket_id, Kind.LOOKED, desk.now, staff=desk.staff)
    about = {"case": found.id, "ticket": found.ticket_id, "staff": desk.staff or 0}
    audit.record(desk.session, Event.ACCOUNT_LOOKED_AT, now=desk.now, account_id=found.account_id, **about)


def held_case(session: Session, case: int) -> LostMailbox | None:
    """Return the case, locked for this transaction after its ticket, as everybody locks them; None: there is none."""
    ticket = session.scalar(select(LostMailbox.ticket_id).where(LostMailbox.id == case))
    session.execute(select(Ticket.id).where(Ticket.id == ticket).with_for_update())
    return session.get(LostMailbox, case, with_for_update=True, populate_existing=True)


def moved(session: Session, case: LostMailbox, before: Sequence[str], **values: object) -> bool:
    """Write what follows from one of the states `before`; False, and nothing is written, when it is in another."""
    changed = session.scalars(
        update(LostMailbox)
        .where(LostMailbox.id == case.id, LostMailbox.state.in_(before), LostMailbox.ended_at.is_(None))
        .values(**values)
        .returning(LostMailbox.id)
        .execution_options(synchronize_session=False)
    ).all()
    session.refresh(case)
    return bool(changed)


def _case(desk: Desk, ticket: int, case: int) -> LostMailbox:
    found = held_case(desk.session, case)
    if found is None or found.ticket_id != ticket:
        raise TicketRefused("mailbox_case_unknown")
    return found


def _end(desk: Desk, case: LostMailbox, state: str, why: str) -> None:
    ended = {"state": state, "ended_by": desk.staff, "ended_at": desk.now, "ended_why": why}
    if not moved(desk.session, case, LIVE, **ended):
        raise TicketRefused("mailbox_case_over")
    _note(desk, case, *_EVENTS[state], text=why)


def _note(desk: Desk, case: LostMailbox, event: Event, kind: Kind, text: str = "") -> None:
    ticket_history.add(desk.session, case.ticket_id, kind, desk.now, staff=desk.staff, text=text, case=case.id)
    about = {"case": case.id, "ticket": case.ticket_id, "staff": desk.staff or 0}
    audit.record(desk.session, event, now=desk.now, account_id=case.account_id, **about)


def _member(desk: Desk) -> Staff:
    member = desk.session.get(Staff, desk.staff) if desk.staff is not None else None
    if member is None or member.disabled_at is not None or not has(member.role, Duty.RECOVER_MAILBOXES):
        raise TicketRefused("not_your_duty")
    return member


def _settled_member(desk: Desk, opened_at: datetime) -> Staff:
    """Return who acts: somebody who was here, with this password, a day before the case was opened."""
    member = _member(desk)
    by_then = opened_at - timedelta(hours=rules.STAFF_STANDING_HOURS)
    if member.password_set_at is None or max(member.created_at, member.password_set_at) > by_then:
        raise TicketRefused("mailbox_too_new", hours=rules.STAFF_STANDING_HOURS)
    return member


def _hands(member: Staff) -> list[int]:
    """Return everybody of staff who could act under this name."""
    return sorted({member.id, *member.hands})


def _refuse_same_hands(desk: Desk, case: LostMailbox, member: Staff) -> None:
    if member.id == case.opened_by:
        raise TicketRefused("mailbox_own_case")
    both = sorted(set(case.opened_hands) & set(_hands(member)))
    if both:
        names = desk.session.scalars(select(Staff.name).where(Staff.id.in_(both)).order_by(Staff.name_key)).all()
        raise TicketRefused("mailbox_same_hands", names=", ".join(names))


def _refuse_thin(claim: Claim, evidence: Sequence[str]) -> None:
    for what, text in (("reason", claim.reason), ("checked", claim.checked)):
        if not text.strip():
            raise TicketRefused(f"mailbox_{what}_missing")
        if len(text) > rules.MAILBOX_TEXT_CHARACTERS:
            raise TicketRefused("mailbox_text_too_long", maximum=rules.MAILBOX_TEXT_CHARACTERS)
    if len(evidence) < rules.MAILBOX_EVIDENCE_MIN or not set(INDEPENDENT) & set(evidence):
        raise TicketRefused("mailbox_evidence_thin", minimum=rules.MAILBOX_EVIDENCE_MIN)


def _account(desk: Desk, ticket: Ticket, identifier: str) -> Account:
    if ticket.account_id is not None:
        account = desk.session.get(Account, ticket.account_id)
    else:
        account = accounts.find(desk.session, identifier) if identifier.strip() else None
    if account is None or accounts.status(account, desk.now) == "lapsed":
        raise TicketRefused("mailbox_no_account")
    return account


def _address(session: Session, account: Account, claim: Claim, now: datetime) -> str:
    """Return the new address, typed twice (002), which no other account has (000)."""
    try:
        typed, again = addresses.read(claim.email), addresses.read(claim.email_again)
    except ValueError:
        raise TicketRefused("mailbox_address_wrong") from None
    if typed.mailable != again.mailable:
        raise TicketRefused("mailbox_addresses_differ")
    holder = session.scalars(select(Account).where(Account.email_key == typed.key)).one_or_none()
    if holder is not None and holder.id == account.id:
        raise TicketRefused("mailbox_address_same")
    if holder is not None and accounts.status(holder, now) != "lapsed":
        raise TicketRefused("mailbox_address_taken")
    return typed.mailable


def _refuse_stopped_lately(desk: Desk, account: Account) -> None:
    lately = desk.now - timedelta(days=rules.MAILBOX_STOPPED_DAYS)
    stopped = (LostMailbox.account_id == account.id, LostMailbox.state == STOPPED, LostMailbox.ended_at > lately)
    if desk.session.scalar(select(LostMailbox.id).where(*stopped).limit(1)) is not None:
        raise TicketRefused("mailbox_stopped_lately", days=rules.MAILBOX_STOPPED_DAYS)
