"""A lost mailbox on the desk's pages: two people who open and approve, the owner's link, and who may do what."""

import re
from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient

from bot.delivery.post import MailRefused
from core import accounts
from core.staff import Member
from core.tables import AuditEvent, LostMailbox, Ticket
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.visitors import Visitor, give_password, read
from tests.serving import app_over
from tests.world import ADDRESS

CLAIM = {
    "identifier": "danalee1",
    "email": "dana@new.example.org",
    "email_again": "dana@new.example.org",
    "reason": "The company closed its mail server.",
    "evidence_called_back": "1",
    "evidence_letterhead": "1",
    "checked": "Called (916) 555-0100, from the county's page, on Monday.",
}
DAY = 24 * 60


@dataclass
class Two:
    """Ana and Ben at the desk, two days after they came, and a ticket."""

    office: Office
    ana: Visitor
    ben: Visitor
    number: int

    @property
    def path(self) -> str:
        """The case's page."""
        return f"/desk/tickets/{self.number}/mailbox"

    def again(self) -> None:
        """Sign in once more, after time has passed."""
        self.ana.signs_in("Ana")
        self.ben.signs_in("Ben")

    def opens(self, **change: str) -> str:
        """Let Ana open the case."""
        self.ana.opens(self.path)
        return self.ana.sends(f"{self.path}/opening", **{**CLAIM, **change})

    def approves(self) -> str:
        """Let Ben approve it."""
        self.ben.opens(self.path)
        return self.ben.sends(f"{self.path}/approve")

    async def answers(self) -> None:
        """Let the letters go out, and the new mailbox answer."""
        await self.office.world.work()
        answered = owner(self.office).post(link(self.office, "prove"))
        assert "Thank you" in read(answered.text)

    @property
    def address(self) -> str:
        """The address on file."""
        with self.office.database.reading() as session:
            account = accounts.find(session, "danalee1")
        assert account is not None
        return account.email


@pytest.fixture
async def two(office: Office, ana: Member, ben: Member, person: Person) -> Two:
    """Return two who may work together on a case."""
    give_password(office, ana)
    give_password(office, ben)
    office.world.later(2 * DAY)
    number = await ask_for_person(person, "I no longer have that mailbox")
    made = Two(office, Visitor(office), Visitor(office, network="198.51.100.9"), number)
    made.again()
    return made


def owner(office: Office) -> TestClient:
    """Return the owner's browser."""
    app = app_over(office.world, office.database)
    return TestClient(app, ADDRESS, client=("192.0.2.4", 50000), follow_redirects=False)


def link(office: Office, purpose: str = "stop") -> str:
    """Return the path of the link in the notice, or in the letter to the new address."""
    bodies = [letter.body for letter in office.world.letterbox.letters]
    found = re.search(rf"{ADDRESS}(/{purpose}/\S+)", "\n".join(bodies))
    assert found is not None
    return found[1]


async def test_two_people_open_and_approve_and_a_day_later_the_address_is_another(two: Two) -> None:
    world = two.office.world
    two.ana.opens(f"/desk/tickets/{two.number}")
    assert f'href="{two.path}"' in two.ana.page
    shown = two.opens()
    assert "Opened" in shown
    assert "A colleague has to approve this case" in shown
    assert "Approve the new address" not in shown
    assert f"Ticket {two.number} Opened" in two.ben.opens("/desk/mailboxes")
    asked = two.ben.opens(two.path)
    for part in ("dana@new.example.org", "The company closed its mail server.", "We called the company back", "d****"):
        assert part in asked
    assert "Approved, waits" in two.approves()
    await world.work()
    shown = two.ben.opens(two.path)
    assert "Notice to the old address delivered" in shown
    assert "Time in which the owner can stop it until Thu, Nov 19, 10:00" in shown
    assert "Answer of the new mailbox asked for, not here yet" in shown
    assert "the new mailbox has not answered yet" in two.ben.opens("/desk/mailboxes")
    await two.answers()
    assert "Answer of the new mailbox here since Wed, Nov 18, 10:00" in two.ben.opens(two.path)
    assert "the new mailbox has answered" in two.ben.opens("/desk/mailboxes")
    world.later(DAY - 1)
    await world.work()
    assert two.address == "dana@example.org"
    world.later(1)
    await world.work()
    assert two.address == "dana@new.example.org"
    assert {(each.to, each.subject) for each in world.letterbox.letters} == {
        ("dana@example.org", "Somebody wants to change the address of your account"),
        ("dana@new.example.org", "Please confirm that this is your mailbox"),
        ("dana@example.org", "The address of your account was changed"),
        ("dana@new.example.org", "This is now the address of your account"),
    }
    two.again()
    assert "Done" in two.ben.opens(two.path)
    assert "There is no case at the moment" in two.ben.opens("/desk/mailboxes")
    history = two.ana.opens(f"/desk/tickets/{two.number}")
    assert "Opened a case of a lost mailbox · Ana" in history
    assert "Approved the case of the lost mailbox; both addresses get a letter · Ben" in history
    assert "The new mailbox answered" in history
    assert "both mailboxes were told" in history


async def test_s4_no_page_of_staff_shows_a_link_or_what_is_masked(two: Two) -> None:
    two.opens()
    two.approves()
    await two.office.world.work()
    tokens = [link(two.office, purpose).removeprefix(f"/{purpose}/") for purpose in ("stop", "prove")]
    for visitor in (two.ana, two.ben):
        for path in (two.path, f"/desk/tickets/{two.number}", "/desk/mailboxes", "/desk"):
            visitor.opens(path)
            assert "/stop/" not in visitor.page
            assert "/prove/" not in visitor.page
            assert not [token for token in tokens if token in visitor.page]
            assert "dana@example.org" not in visitor.page
    clear = two.ben.sends(f"{two.path}/account") if two.ben.opens(two.path) else ""
    assert "dana@example.org" in clear
    assert not [token for token in tokens if token in clear]
    assert [each.event for each in two.office.world.rows(AuditEvent)].count("account.looked_at") == 1
    assert two.office.kinds(two.number).count("looked") == 1


async def test_whoever_opened_it_cannot_approve_it_by_sending_the_form_anyway(two: Two) -> None:
    two.opens()
    two.ana.opens(two.path)
    csrf = re.search(r'name="csrf" value="(\w+)"', two.ana.page)
    assert csrf is not None
    said = two.ana.sends(f"{two.path}/approve", case="1", csrf=csrf[1])
    assert two.ana.status == 409
    assert "This takes a second member of staff" in said
    await two.office.world.work()
    assert two.office.world.letterbox.letters == []


async def test_the_owners_link_stops_it_and_opening_it_does_not(two: Two) -> None:
    world = two.office.world
    two.opens()
    two.approves()
    await world.work()
    browser, path = owner(two.office), link(two.office)
    for _ in range(20):
        assert "Opening this page has not stopped anything yet" in browser.get(path).text
        assert browser.head(path).status_code in {200, 405}
    assert "dana@new.example.org" not in browser.get(path).text
    assert two.office.world.rows(LostMailbox)[0].state == "approved"
    assert "The change is stopped" in read(browser.post(path).text)
    assert "Nothing will change" in read(browser.post(path).text)
    assert "Nothing will change" in read(browser.get(path).text)
    world.later(2 * DAY)
    await world.work()
    assert two.address == "dana@example.org"
    two.again()
    assert "Stopped by the owner" in two.ben.opens(two.path)
    assert "It was not them who asked" in two.ben.opens(f"/desk/tickets/{two.number}")
    assert "within the last 30 days" in two.opens()


async def test_a_link_that_comes_too_late_says_so_and_tells_help_when_it_is_pressed(
    two: Two,
) -> None:
    world = two.office.world
    two.opens()
    two.approves()
    await two.answers()
    world.later(DAY)
    await world.work()
    browser, path = owner(two.office), link(two.office)
    for _ in range(3):
        opened = read(browser.get(path).text)
        assert "The address was changed already" in opened
        assert "Opening this page has told nobody yet" in opened
        assert "dana@new.example.org" not in opened
    assert len(world.rows(Ticket)) == 1
    for _ in range(2):
        told = read(browser.post(path).text)
        assert "Our help desk is told" in told
        assert "it could not stop it, and the account still has the new address" in told
        await world.work()
    assert "Our help desk is told" in read(browser.get(path).text)
    assert len(world.rows(Ticket)) == 2
    two.again()
    queue = two.ben.opens("/desk")
    assert queue.index("Urgent: whoever reads the old mailbox") < queue.index("I no longer have that mailbox")
    assert f"Before it: ticket {two.number}" in two.ben.opens(f"/desk/tickets/{two.number + 1}")
    assert "says that the change was not theirs" in two.ben.opens(f"/desk/tickets/{two.number}")
    forged = browser.post(f"{path[:-4]}AAAA")
    assert (forged.status_code, "This link cannot be used" in read(forged.text)) == (404, True)
    assert two.address == "dana@new.example.org"


async def test_staff_hear_that_the_old_address_takes_no_mail_and_no_other_ticket_is_made(two: Two) -> None:
    world = two.office.world
    two.opens()
    two.approves()
    world.letterbox.refusal = MailRefused("SMTP [550]", permanent=True)
    await world.work()
    assert "Notice to the old address could not be delivered" in two.ben.opens(two.path)
    assert "SMTP [550]" in two.ben.opens(f"/desk/tickets/{two.number}")
    assert "The letter that asks for it could not be delivered" in two.ben.opens(two.path)
    assert "Not resolved 1" in two.ben.opens("/desk")
    world.letterbox.refusal = None
    world.later(14 * DAY)
    await world.work()
    assert two.address == "dana@example.org"
    two.again()
    assert "Lapsed, because the new mailbox did not answer" in two.ben.opens(two.path)
    assert "did not answer within 14 days" in two.ben.opens(f"/desk/tickets/{two.number}")


async def test_opening_the_new_mailboxs_link_answers_nothing_and_pressing_it_does_once(two: Two) -> None:
    two.opens()
    two.approves()
    await two.office.world.work()
    browser, path = owner(two.office), link(two.office, "prove")
    for _ in range(20):
        opened = browser.get(path).text
        assert "Opening this page has not changed anything" in opened
        assert "dana@new.example.org" in opened
        assert "danalee1" not in opened
        assert browser.head(path).status_code in {200, 405}
    two.office.world.later(2 * DAY)
    await two.office.world.work()
    assert two.address == "dana@example.org"
    for _ in range(2):
        assert "We know now that you read this mailbox" in read(browser.post(path).text)
    assert "We know now that you read this mailbox" in read(browser.get(path).text)
    await two.office.world.work()
    assert two.address == "dana@new.example.org"
    assert "The address is changed" in read(browser.get(path).text)
    forged = browser.post(f"{path[:-4]}AAAA")
    assert (forged.status_code, "This link cannot be used" in read(forged.text)) == (404, True)


async def test_an_answer_to_a_change_that_was_called_off_is_told_so(two: Two) -> None:
    two.opens()
    two.approves()
    await two.office.world.work()
    owner(two.office).post(link(two.office))
    answered = owner(two.office).post(link(two.office, "prove"))
    assert "This change was called off" in read(answered.text)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"email_again": "x@new.example.org"}, "The two addresses are not the same"),
        ({"evidence_called_back": ""}, "too little evidence"),
        ({"identifier": "nobody7"}, "There is no account with that username"),
        ({"checked": "Their password is Sunflower2026"}, "looks like a password"),
    ],
)
async def test_a_case_that_will_not_do_says_why_and_keeps_what_was_typed(
    two: Two, change: dict[str, str], says: str
) -> None:
    said = two.opens(**change)
    assert two.ana.status == 409
    assert says in said
    assert CLAIM["reason"] in two.ana.page
    assert 'name="evidence_letterhead" value="1" checked' in two.ana.page
    assert two.office.kinds(two.number) == ["opened"]


async def test_a_case_is_refused_with_a_reason_or_withdrawn_and_stays_readable(two: Two) -> None:
    two.opens()
    two.ben.opens(two.path)
    assert "Say why you refuse it" in two.ben.sends(f"{two.path}/refuse", why=" ")
    two.ben.sends(f"{two.path}/refuse", why="The number was a private one.")
    assert "The number was a private one." in two.ana.opens(two.path)
    two.opens()
    assert "Withdrawn" in two.ana.sends(f"{two.path}/withdraw")
    assert two.ana.page.count("<details>") >= 2


@pytest.mark.parametrize("form", ["opening", "approve", "refuse", "withdraw", "account"])
async def test_the_address_of_a_form_leads_to_the_case_and_does_nothing(two: Two, form: str) -> None:
    two.opens()
    assert "Lost mailbox" in two.ben.opens(f"{two.path}/{form}")
    assert (two.ben.status, two.ben.where) == (200, two.path)
    assert two.office.world.rows(LostMailbox)[0].state == "opened"


@pytest.mark.parametrize("case", ["", "x", "77", "99999999999"])
async def test_a_case_that_is_not_there_is_told_so(two: Two, case: str) -> None:
    two.opens()
    two.ben.opens(two.path)
    assert "There is no such case" in two.ben.sends(f"{two.path}/approve", case=case)
    assert "There is no such ticket" in two.ben.opens("/desk/tickets/77/mailbox")
    assert two.ben.status == 404
