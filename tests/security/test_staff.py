"""S4 at the desk's own pages, whatever staff do in whatever order: no secret, every step kept, nobody alone."""

import asyncio
import shutil
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, update

from core import links, mailbox_links, mailbox_proofs, staff, staff_sessions
from core.roles import Role
from core.tables import Account, AuditEvent, Link, LostMailbox, Staff, TicketEvent
from tests.desk.office import Person, ask_for_person
from tests.desk.test_lost_mailboxes import CLAIM, DAY
from tests.security.figures import Measured
from tests.security.site import Browser, serving
from tests.world import World

ROLES: dict[str, Role] = {"Ana": "admin", "Ben": "admin", "Cem": "agent", "Dora": "editor", "Eve": "agent"}
ADMINS = ("Ana", "Ben")
PHRASE = "the canary sings at seven"
HASH = "$argon2id$canary"
who = st.sampled_from(sorted(ROLES))
# A form of a ticket, what is typed into it, and what the audit has of it where it is done.
STEPS: dict[str, tuple[dict[str, str], list[str]]] = {
    "mailbox/opening": (CLAIM, ["mailbox.opened"]),
    "mailbox/approve": ({}, ["mailbox.approved"]),
    "mailbox/refuse": ({"why": "Not her"}, ["mailbox.refused"]),
    "mailbox/withdraw": ({}, ["mailbox.withdrawn"]),
    "mailbox/account": ({}, ["account.looked_at"]),
    "account": ({}, ["account.looked_at"]),
    "start": ({"action": "reset_password", "identifier": "danalee1"}, ["account.action_started"]),
    "note": ({"text": "Called again"}, []),
    "take": ({"owner": ""}, []),
}
told: Counter[str] = Counter()


class StaffAtWork(RuleBasedStateMachine):
    """Five members of staff at the desk's pages, a person with a ticket, an owner, a mail server and a worker."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="cersbot-staff-"))
        self.world = World(self.folder)
        self.world.populate()
        self.left = ExitStack()
        self.site = self.left.enter_context(serving(self.world))
        with self.site.database.transaction() as session:
            session.execute(update(Account).values(protection_phrase=PHRASE, password_hash=HASH))
            self.ids = {name: staff.add(session, self.world.now, name, role=role).id for name, role in ROLES.items()}
            for name in ROLES:
                token = staff.password_link(session, self.world.keys, self.world.now, name)
                staff.set_password(session, self.world.keys, token, "a hash", self.world.now)
        self.number = asyncio.run(ask_for_person(Person(self.world)))
        self.world.later(3 * DAY)
        self.acting: dict[str, set[str]] = {name: {name} for name in ROLES}  # who may act as whom
        self.opened: dict[int, set[str]] = {}
        self.approved: dict[int, set[str]] = {}
        self.steps: list[str] = []
        self.address = "dana@example.org"

    @initialize(first=who, second=who)
    def two_begin(self, first: str, second: str) -> None:
        self.two_agree(first, second)

    @rule(name=who, step=st.sampled_from(sorted(STEPS)))
    def somebody_sends_a_form(self, name: str, step: str) -> None:
        fields, events = STEPS[step]
        case = self.case
        browser = self.at_desk(name)
        if browser is None:
            return
        path = f"/desk/tickets/{self.number}/{step}"
        browser.sends(path, {**fields, **({"case": str(case.id)} if case else {})}, characters=False)
        told["forms"] += 1
        assert browser.status in {200, 409}, browser.status
        if browser.status == 200:
            self.steps += events
            if step == "mailbox/opening":
                assert self.case is not None
                self.opened[self.case.id] = set(self.acting[name])
            if step == "mailbox/approve" and case is not None:
                self.approved[case.id] = set(self.acting[name])
        self.check(browser.text)

    @rule(first=who, second=who)
    def two_agree(self, first: str, second: str) -> None:
        self.somebody_sends_a_form(first, "mailbox/opening")
        self.somebody_sends_a_form(second, "mailbox/approve")

    @rule(giver=who, name=who)
    def somebody_makes_a_link_for_a_password_and_it_is_used(self, giver: str, name: str) -> None:
        browser = self.at_desk(giver)
        if browser is None:
            return
        browser.sends("/desk/staff/link", {"name": name})
        token = browser.text.partition("/desk/password/")[2].partition('"')[0]
        assert bool(token) == (self.role(giver) == "admin")
        if not token:
            assert browser.status == 403
            return
        self.steps.append("staff.link_given")
        with self.site.database.transaction() as session:
            staff.set_password(session, self.world.keys, token, "another hash", self.world.now)
        self.acting[name] = {name, *self.acting[giver]}
        self.steps.append("staff.password_set")
        self.time_passes_and_the_worker_works(DAY + 60)

    @rule(giver=who, name=who, role=st.sampled_from(["agent", "editor", "admin"]))
    def somebody_changes_a_role(self, giver: str, name: str, role: Role) -> None:
        browser = self.at_desk(giver)
        if browser is None:
            return
        before = self.role(name)
        browser.sends("/desk/staff/change", {"name": name, "role": role})
        may = self.role(giver) == "admin" or (giver == name and before == "admin")
        assert browser.status == (403 if not may else 409 if giver == name else 200)
        if browser.status == 200 and role != before:
            self.steps.append("staff.changed")

    @precondition(lambda self: self.approved)
    @rule()
    def the_owner_stops_it(self) -> None:
        case = self.case
        assert case is not None
        if case.approved_at is None:
            return
        was_live = case.ended_at is None
        browser = self.site.browser("192.0.2.9")
        browser.posts(f"/stop/{mailbox_links.token(self.world.keys, mailbox_links.STOP, case)}", {})
        assert browser.status == 200
        self.steps += ["mailbox.stopped"] * was_live
        self.steps += ["mailbox.contested"] * (case.state == "done" and case.contested_at is None)

    @precondition(lambda self: self.approved)
    @rule()
    def the_new_mailbox_answers(self) -> None:
        case = self.case
        assert case is not None
        if case.approved_at is None:
            return
        self.steps += ["mailbox.proved"] * mailbox_proofs.is_open(case, self.world.now)
        browser = self.site.browser("192.0.2.10")
        browser.posts(f"/prove/{mailbox_links.token(self.world.keys, mailbox_links.PROVE, case)}", {})
        assert browser.status == 200

    @rule(minutes=st.sampled_from([10, DAY, 2 * DAY, 8 * DAY]))
    def time_passes_and_the_worker_works(self, minutes: int) -> None:
        case = self.case
        asyncio.run(self.world.work())
        if case is not None and case.ended_at is None and case.approved_at is not None and case.noticed_at is None:
            self.steps.append("mailbox.noticed")
        self.world.later(minutes)
        asyncio.run(self.world.work())
        after = self.case
        if case is not None and after is not None and case.ended_at is None and after.state == "lapsed":
            self.steps.append("mailbox.lapsed")
        if case is not None and after is not None and case.ended_at is None and after.state == "done":
            self.steps += ["account.email_changed", "mailbox.done"]
            self.address = after.new_email
            told["completed"] += 1
            assert after.proved_at is not None
            assert not self.opened[after.id] & self.approved[after.id], "a single person completed it"

    @invariant()
    def nobody_set_or_saw_a_secret_and_the_address_is_the_one_that_two_approved(self) -> None:
        with self.site.database.reading() as session:
            account = session.scalars(select(Account).where(Account.username == "danalee1")).one()
            history = str(session.scalars(select(TicketEvent.text)).all())
        assert (account.password_hash, account.protection_phrase, account.email) == (HASH, PHRASE, self.address)
        self.check(history)

    @invariant()
    def every_step_is_audited_once_in_its_order(self) -> None:
        with self.site.database.reading() as session:
            kept = session.scalars(select(AuditEvent.event).order_by(AuditEvent.id)).all()
        kinds = ("mailbox.", "account.looked", "account.action", "account.email", "staff.changed")
        later = [each for each in kept if each.startswith(kinds) or each in self.steps]
        begun = len(ROLES)
        expected = Counter(self.steps) + Counter({"staff.link_given": begun, "staff.password_set": begun})
        assert Counter(later) <= expected
        assert all(Counter(later)[each] == expected[each] for each in set(self.steps)), (later, self.steps)

    def check(self, text: str) -> None:
        """Check that no live secret of the account stands in a text."""
        assert "canary" not in text
        with self.site.database.reading() as session:
            tokens = [links.token(self.world.keys, each) for each in session.scalars(select(Link))]
            for case in session.scalars(select(LostMailbox)):
                both = (mailbox_links.STOP, mailbox_links.PROVE)
                tokens += [mailbox_links.token(self.world.keys, each, case) for each in both]
        assert not [each for each in tokens if each in text]
        told["pages"] += 1

    def at_desk(self, name: str) -> Browser | None:
        """Return the browser of somebody of staff who is signed in, at the desk."""
        with self.site.database.transaction() as session:
            token = staff_sessions.begin(session, self.ids[name], self.world.now)
        browser = self.site.browser("198.51.100.8")
        browser.cookies.set("desk", token, domain="127.0.0.1", path="/desk")
        browser.gets("/desk")
        self.check(browser.text)
        return browser if browser.status == 200 else None

    def role(self, name: str) -> str:
        """Return somebody's role as it is now."""
        with self.site.database.reading() as session:
            return session.get_one(Staff, self.ids[name]).role

    @property
    def case(self) -> LostMailbox | None:
        """The newest case."""
        with self.site.database.reading() as session:
            return session.scalars(select(LostMailbox).order_by(LostMailbox.id.desc()).limit(1)).one_or_none()

    def teardown(self) -> None:
        self.left.close()
        self.world.close()
        shutil.rmtree(self.folder)


@pytest.mark.parametrize(("examples", "steps"), [(2, 10), pytest.param(50, 25, marks=pytest.mark.prove)])
def test_s4_whatever_staff_do_no_secret_is_shown_or_set_each_step_is_kept_and_nobody_completes_a_case_alone(
    measured: Measured, examples: int, steps: int
) -> None:
    told.clear()
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(StaffAtWork, settings=chosen)
    measured(
        "staff",
        f"{examples} ways of {steps} steps, {told['forms']} forms: {told['completed']} cases completed, 0 by one"
        f" person; 0 secrets in {told['pages']} texts",
    )
    assert told["forms"] > examples
    assert told["completed"] or examples < 10, "no case was ever completed"
