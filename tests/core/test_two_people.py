"""S4, whatever anybody does in whatever order: no single person completes the recovery of a mailbox.

Each member of staff is acted as by everybody who may know their password: who gave them the link by which it was set
could have used it, and so could who acts as the giver. A person may act as several, and disable, enable and add others.
"""

import shutil
import tempfile
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import select

from core import lost_mailboxes, mailbox_links, staff
from core.database import Database
from core.keys import Keys
from core.mailbox_links import PROVE, STOP, Purpose
from core.refusals import LinkRefused, StaffRefused
from core.tables import AuditEvent, Base, LostMailbox, Staff, TicketEvent
from tests.core.desks import CLAIM, DAY, Desks
from tests.people import SECRET, kept
from tests.stored import stored

NOON = datetime(2026, 11, 16, 20, 0, tzinfo=UTC)
NAMES = ("Ana", "Ben", "Cem", "Dora", "Eve")
ADMINS = ("Ana", "Ben")
ADDRESSES = ("ann@new.example.org", "ann@other.example.org")
who = st.sampled_from(NAMES)
admin = st.sampled_from(ADMINS)

GIVERS = {"Dora": "Ana", "Eve": "Dora"}  # who gave whom the link by which a password was set

_begun: list[Desks] = []


def begun(folder: Path) -> Desks:
    """Return the help desk as it is at the beginning, in this folder: a copy of one that was made once."""
    if not _begun:
        database = Database(f"sqlite:///{tempfile.mkdtemp(prefix='cersbot-desk-')}/desk.db")
        Base.metadata.create_all(database.engine)
        first = Desks(database, Keys(SECRET), NOON)
        first.hire("Dora", "Eve", at=NOON - 3 * DAY)
        for name, giver in GIVERS.items():
            first.gives_link(name, giver, at=NOON - 2 * DAY)
        database.close()
        _begun.append(first)
    desks = copy(_begun[0])
    assert desks.database.file
    shutil.copy(desks.database.file, folder / "desk.db")
    desks.database, desks.members = Database(f"sqlite:///{folder}/desk.db"), dict(desks.members)
    return desks


class TwoPeople(RuleBasedStateMachine):
    """Staff, an owner, a mail server and a worker, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="cersbot-two-people-"))
        self.desks = begun(self.folder)
        self.acting: dict[str, set[str]] = {name: {name} for name in NAMES}  # who may act as whom
        for name, giver in GIVERS.items():
            self.acting[name] = {name, *self.acting[giver]}
        self.opened: dict[int, set[str]] = {}  # who may have opened which case
        self.approved: dict[int, tuple[set[str], datetime]] = {}
        self.proved: set[int] = set()
        self.over: dict[int, str] = {}
        self.steps: list[str] = []
        self.address = "anngause@example.org"

    @rule(giver=admin, name=who, patient=st.booleans())
    def an_admin_gives_a_link_and_it_is_used(self, giver: str, name: str, patient: bool) -> None:
        if self.works_here(giver):
            self.desks.gives_link(name, giver, at=self.desks.now)
            self.acting[name] = {name, *self.acting[giver]}
        if patient:
            self.time_passes_and_the_worker_works(25)

    @rule(name=who, patient=st.booleans())
    def the_operator_gives_a_link_and_it_is_used(self, name: str, patient: bool) -> None:
        self.desks.gives_link(name, at=self.desks.now)
        self.acting[name] = {name}
        if patient:
            self.time_passes_and_the_worker_works(25)

    @rule(giver=admin, name=st.sampled_from(["Ana", "Cem"]))
    def an_admin_disables_somebody(self, giver: str, name: str) -> None:
        try:
            with self.desks.database.transaction() as session:
                staff.disable(session, self.desks.now, name, self.desks.members[giver])
        except StaffRefused:
            assert giver == name

    @rule(first=who, second=who, address=st.sampled_from(ADDRESSES))
    def two_agree_at_once(self, first: str, second: str, address: str) -> None:
        self.somebody_opens_a_case(first, address)
        if self.opened:
            self.somebody_approves_it(second)

    @rule(name=who, address=st.sampled_from(ADDRESSES))
    def somebody_opens_a_case(self, name: str, address: str) -> None:
        claim = replace(CLAIM, email=address, email_again=address)
        if not self.desks.opens(name, claim):
            self.opened[self.desks.case.id] = set(self.acting[name])
            self.steps.append("mailbox.opened")

    @precondition(lambda self: self.opened)
    @rule(name=who)
    def somebody_approves_it(self, name: str) -> None:
        if not self.desks.approves(name):
            case = self.desks.case.id
            assert case not in self.approved
            assert case not in self.over
            self.approved[case] = (set(self.acting[name]), self.desks.now)
            self.steps.append("mailbox.approved")
            event("approved")

    @precondition(lambda self: self.approved)
    @rule(name=who, act=st.sampled_from(["refused", "withdrawn"]))
    def somebody_ends_it(self, name: str, act: str) -> None:
        refused = self.desks.refuses(name) if act == "refused" else self.desks.withdraws(name)
        if not refused:
            assert self.over.setdefault(self.desks.case.id, act) == act
            self.steps.append(f"mailbox.{act}")

    @precondition(lambda self: self.approved)
    @rule(name=who)
    def somebody_looks_at_the_account(self, name: str) -> None:
        case = self.desks.case.id
        self.desks.does(name, lambda desk: lost_mailboxes.look(desk, self.desks.ticket, case))

    @precondition(lambda self: self.approved)
    @rule()
    def the_owner_opens_the_link(self) -> None:
        case = self.desks.case
        with self.desks.database.transaction() as session:
            try:
                assert mailbox_links.look(session, self.desks.keys, STOP, self.desks.token).state == case.state
            except LinkRefused:
                assert case.id not in self.approved
        assert self.desks.case.state == case.state

    @precondition(lambda self: self.approved)
    @rule()
    def the_owner_presses_the_button(self) -> None:
        case = self.desks.case
        try:
            state = self.desks.stops()
        except LinkRefused:
            assert case.id not in self.approved
            return
        if case.id not in self.over:
            assert state == "stopped"
            self.over[case.id] = state
            self.steps.append("mailbox.stopped")
            event("stopped")
        assert state == self.over[case.id]
        if state == "done" and case.contested_at is None:
            self.steps.append("mailbox.contested")

    @precondition(lambda self: self.approved and self.desks.case.approved_at)
    @rule()
    def the_new_mailbox_answers(self) -> None:
        case = self.desks.case.id
        is_asked = case not in self.over and case not in self.proved
        assert self.desks.proves() == is_asked
        if is_asked:
            self.proved.add(case)
            self.steps.append("mailbox.proved")

    @precondition(lambda self: self.approved and self.desks.case.notice_id and not self.desks.case.noticed_at)
    @rule(outcome=st.sampled_from(["sent", "sent", "refused: SMTP [550]"]))
    def the_mail_server_answers(self, outcome: str) -> None:
        was_live = self.desks.case.state == "approved"
        self.desks.delivers(outcome)
        if outcome != "sent":
            self.steps.append("mailbox.notice_refused")
        elif was_live:
            self.steps.append("mailbox.noticed")

    @precondition(lambda self: self.approved and self.desks.case.state == "approved" and not self.desks.case.noticed_at)
    @rule(hours=st.sampled_from([23, 24]), answers=st.sampled_from([True, True, False]))
    def the_notice_is_taken_and_time_passes(self, hours: int, answers: bool) -> None:
        self.the_mail_server_answers("sent")
        if answers:
            self.the_new_mailbox_answers()
        self.time_passes_and_the_worker_works(hours)

    @rule(hours=st.sampled_from([1, 24, 48, 24 * 31]))
    def time_passes_and_the_worker_works(self, hours: int) -> None:
        self.desks.now += timedelta(hours=hours)
        before = self.desks.case if self.opened else None
        for end in self.desks.works():
            assert before is not None
            assert before.id not in self.over
            self.over[before.id] = end
            event(end)
            if end == "lapsed":
                assert before.id not in self.proved
                self.steps.append("mailbox.lapsed")
                continue
            assert end == "done"
            assert before.id in self.proved
            self.steps += ["account.email_changed", "mailbox.done"]
            self.address = before.new_email

    @invariant()
    def no_single_person_completed_a_case(self) -> None:
        for case, end in self.over.items():
            if end == "done":
                second, _ = self.approved[case]
                assert not self.opened[case] & second, f"{self.opened[case]} opened it and {second} approved it"

    @invariant()
    def nothing_happened_before_a_day_was_over_and_what_is_over_stays_so(self) -> None:
        for row in self.rows():
            assert (row.state if row.ended_at else None) == self.over.get(row.id)
            if row.state == "done":
                assert row.ended_at is not None
                assert row.ended_at >= self.approved[row.id][1] + DAY
        assert self.desks.email == self.address

    @invariant()
    def each_step_is_audited_once_in_its_order(self) -> None:
        assert self.desks.audited == self.steps

    @invariant()
    def the_account_has_the_password_that_it_had(self) -> None:
        account = kept(self.desks.database, self.desks.account)
        assert (account.password_hash, account.username) == (None, "anngause")

    def teardown(self) -> None:
        purposes: list[Purpose] = [STOP, PROVE]
        whole = [mailbox_links.token(self.desks.keys, purpose, row) for row in self.rows() for purpose in purposes]
        tokens = [each.partition("-")[2].encode() for each in whole]
        with self.desks.database.reading() as session:
            told = str(session.scalars(select(TicketEvent.text)).all())
            told += str(session.scalars(select(AuditEvent.detail)).all())
        assert "example.org" not in told
        held = stored(self.desks.database)
        assert not any(token in held for token in tokens)
        self.desks.database.close()
        shutil.rmtree(self.folder)

    def rows(self) -> list[LostMailbox]:
        """Return every case."""
        with self.desks.database.reading() as session:
            return list(session.scalars(select(LostMailbox)))

    def works_here(self, name: str) -> bool:
        """Return whether somebody is not disabled."""
        with self.desks.database.reading() as session:
            return session.get_one(Staff, self.desks.members[name]).disabled_at is None


TestTwoPeople = TwoPeople.TestCase
TestTwoPeople.settings = settings(
    max_examples=60,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # to shrink what fails takes minutes
    suppress_health_check=list(HealthCheck),
)
