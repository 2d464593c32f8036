"""Staff, an account, a mail server and a worker, who together handle a lost mailbox in the core."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from core import lost_mailboxes, mailbox_changes, mailbox_links, mailbox_proofs, mailbox_stops, outbox, staff, tickets
from core.context import Desk
from core.database import Database
from core.keys import Keys
from core.lost_mailboxes import Claim
from core.office_days import STATE_OFFICES
from core.refusals import TicketRefused
from core.tables import AuditEvent, LostMailbox, Owed
from tests.people import kept, register

DAY = timedelta(hours=24)
CLAIM = Claim(
    "anngause",
    "ann@new.example.org",
    "ann@new.example.org",
    "She left the company that ran the mail.",
    ["called_back", "letterhead"],
    "Called (916) 555-0100, found at the county's page, on Monday.",
)


@dataclass
class Desks:
    """A help desk with an account, a ticket, and three members of staff who have been here for two days."""

    database: Database
    keys: Keys
    now: datetime
    members: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.account = register(self.database, self.now - timedelta(days=20), active=True)
        self.hire("Ana", "Ben", "Cem", at=self.now - 2 * DAY)
        with self.database.transaction() as session:
            self.ticket = tickets.open_for_service(session, "No mail", None, "en", self.now, STATE_OFFICES)

    def hire(self, *names: str, at: datetime) -> None:
        """Let people work here who got their links from whoever runs the service."""
        for name in names:
            with self.database.transaction() as session:
                self.members[name] = staff.add(session, at, name).id
            self.gives_link(name, at=at)

    def gives_link(self, name: str, by: str = "", *, at: datetime) -> None:
        """Let somebody have a link, by which a password is set at once."""
        giver = self.members[by] if by else None
        with self.database.transaction() as session:
            token = staff.password_link(session, self.keys, at, name, giver)
            staff.set_password(session, self.keys, token, "a hash", at)

    def does(self, name: str, act: Callable[[Desk], object]) -> str:
        """Let somebody do something; return "" or the phrase by which it was refused, with no trace."""
        try:
            with self.database.transaction() as session:
                act(Desk(session, self.now, self.keys, self.members[name], STATE_OFFICES))
        except TicketRefused as refused:
            return refused.phrase
        return ""

    def opens(self, name: str = "Ana", claim: Claim = CLAIM) -> str:
        return self.does(name, lambda desk: lost_mailboxes.open_case(desk, self.ticket, claim))

    def approves(self, name: str = "Ben", case: int = 0) -> str:
        return self.does(name, lambda desk: lost_mailboxes.approve(desk, self.ticket, case or self.case.id))

    def refuses(self, name: str = "Ben", why: str = "Not her") -> str:
        return self.does(name, lambda desk: lost_mailboxes.refuse(desk, self.ticket, self.case.id, why))

    def withdraws(self, name: str = "Ana") -> str:
        return self.does(name, lambda desk: lost_mailboxes.withdraw(desk, self.ticket, self.case.id))

    @property
    def case(self) -> LostMailbox:
        """The newest case."""
        with self.database.reading() as session:
            return session.scalars(select(LostMailbox).order_by(LostMailbox.id.desc()).limit(1)).one()

    @property
    def token(self) -> str:
        """What the link in the notice ends with."""
        return mailbox_links.token(self.keys, mailbox_links.STOP, self.case)

    @property
    def letters(self) -> list[tuple[str, str]]:
        """Every letter that is owed: key and recipient."""
        with self.database.reading() as session:
            payloads = session.scalars(select(Owed.payload).where(Owed.kind == outbox.LETTER).order_by(Owed.id)).all()
        return [(payload["key"], payload["to"]) for payload in payloads if payload]

    @property
    def audited(self) -> list[str]:
        """What the audit has of lost mailboxes and addresses."""
        with self.database.reading() as session:
            events = session.scalars(select(AuditEvent.event).order_by(AuditEvent.id)).all()
        return [each for each in events if each.startswith("mailbox.") or each == "account.email_changed"]

    def delivers(self, outcome: str = "sent") -> None:
        """Let SMTP take the notice, or refuse it."""
        with self.database.transaction() as session:
            for leased in outbox.lease_due(session, outbox.LETTER, self.now):
                outbox.settle(session, leased.id, leased.lease, outcome, self.now)
            if outcome == "sent":
                mailbox_stops.noticed(session, self.case.id, self.now)
            else:
                mailbox_stops.notice_refused(session, self.case.id, outcome, self.now)

    def proves(self) -> bool:
        """Let the new mailbox answer; return whether it was still asked."""
        proof = mailbox_links.token(self.keys, mailbox_links.PROVE, self.case)
        with self.database.transaction() as session:
            return mailbox_proofs.prove(session, self.keys, proof, self.now)[1]

    def works(self) -> list[str]:
        """Let the worker do what is due; return how the cases ended."""
        with self.database.reading() as session:
            lapsing = mailbox_proofs.lapsing(session, self.now)
            due = mailbox_changes.due(session, self.now)
        ends = []
        for case, end in (
            *((each, mailbox_proofs.lapse) for each in lapsing),
            *((each, mailbox_changes.complete) for each in due),
        ):
            with self.database.transaction() as session:
                ends.append(end(session, case, self.now))
        return ends

    def opens_urgent_tickets(self) -> list[int]:
        """Let the worker tell help of contested changes; return the tickets."""
        with self.database.reading() as session:
            contested = mailbox_stops.contested(session)
        opened = []
        for case, _ in contested:
            with self.database.transaction() as session:
                opened.append(mailbox_stops.open_ticket(session, case, "It was not me", self.now, STATE_OFFICES))
        return [ticket for ticket in opened if ticket is not None]

    def stops(self, token: str = "") -> str:
        """Let the owner stop it; return how the case stands then."""
        with self.database.transaction() as session:
            return mailbox_stops.stop(session, self.keys, token or self.token, self.now)[0].state

    @property
    def email(self) -> str:
        """The account's address."""
        return kept(self.database, self.account).email
