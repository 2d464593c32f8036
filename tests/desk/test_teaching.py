"""A resolved ticket teaches: staff mark what was asked and what helped; an edit is proposed, and nothing is written."""

import re
import subprocess
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.desk.personal import personal, without
from core import lessons, ticket_work
from core.lessons import Lesson, Names
from core.refusals import TicketRefused
from core.staff import Member
from core.tables import Account, Ticket
from knowledge.library import Library
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.visitors import Visitor, give_password
from tests.world import ADDRESS, MONDAY, SENDER, converse

HAPPENED = "Hello, I am stuck. Where did my blue umbrella end up? Dana Lee, dana@example.org"
REPLY = "Hello Dana,\n\nPlease ask at the counter downstairs. They keep umbrellas for a week.\n\nAna"


@pytest.fixture
def at_desk(counter: Office, ana: Member) -> Visitor:
    """Return Ana, signed in."""
    give_password(counter, ana)
    visitor = Visitor(counter)
    visitor.signs_in("Ana")
    return visitor


def files(folder: Path) -> dict[Path, bytes]:
    """Return what stands in every file of a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def applied(folder: Path, diff: bytes, *command: str) -> Library:
    """Apply an edit above the folder, as an editor does; return the library as it is then."""
    (folder.parent / "edit.diff").write_bytes(diff)
    subprocess.run([*command, "edit.diff"], cwd=folder.parent, check=True, capture_output=True)
    return Library.load(folder, service={"service_sender": SENDER, "service_url": ADDRESS})


async def resolved(office: Office, ana: Member, happened: str = HAPPENED) -> int:
    """Return the number of a ticket that was answered and resolved."""
    number = await ask_for_person(Person(office.world), happened)
    office.writes(ana, number, REPLY)
    office.desk.resolve(ana, number - 1000)
    return number


def sentences(visitor: Visitor) -> dict[str, str]:
    """Return the sentences that can be marked, with their values."""
    found = re.findall(r'name="asked" value="(\d+)"[^>]*> ([^<]+)</label>', visitor.page)
    return {text.strip(): value for value, text in found}


def reply_of(visitor: Visitor) -> str:
    """Return the value of the reply that can be marked."""
    return str(re.findall(r'value="(reply:\d+)"', visitor.page)[0])


def teaches(visitor: Visitor, number: int, phrasing: str, helped: str = "entry:umbrella", **fields: str) -> str:
    """Let staff propose a phrasing."""
    visitor.opens(f"/desk/tickets/{number}/teach?asked=0&helped={helped}")
    return visitor.sends(f"/desk/tickets/{number}/teach", helped=helped, phrasing=phrasing, **fields)


def measured(visitor: Visitor) -> str:
    """Wait until the proposal that is shown has been measured."""
    until = time.monotonic() + 60
    while "Look again" in (page := visitor.opens(visitor.where)):
        assert time.monotonic() < until, page
        time.sleep(0.1)
    return page


async def test_a_sentence_and_an_answer_are_marked_and_an_edit_is_proposed_and_measured(
    counter: Office, at_desk: Visitor, ana: Member, folder: Path
) -> None:
    before = files(folder)
    number = await resolved(counter, ana)
    assert "Let the bot learn from this ticket" in at_desk.opens(f"/desk/tickets/{number}")
    at_desk.opens(f"/desk/tickets/{number}/teach")
    asked = sentences(at_desk)["Where did my blue umbrella end up?"]
    assert "send it" not in sentences(at_desk)
    assert 'value="entry:umbrella" selected' in at_desk.page
    at_desk.opens(f"/desk/tickets/{number}/teach?asked={asked}&helped=entry:umbrella")
    assert ">Where did my blue umbrella end up?</textarea>" in at_desk.page
    shown = at_desk.sends(f"/desk/tickets/{number}/teach", phrasing="Where did my blue umbrella end up?")
    assert at_desk.where == f"/desk/tickets/{number}/lessons/{counter.history(number)[-1].id}"
    assert "+ - Where did my blue umbrella end up?" in shown
    assert "being measured" in shown
    shown = measured(at_desk)
    assert "With the edit the bot answers: please tell me where is my umbrella" in shown
    assert re.search(r"Right answer first \d+\.\d% \d+\.\d%", shown)
    assert counter.kinds(number)[-1] == "taught"
    assert "Where did my blue umbrella end up?" in at_desk.opens(f"/desk/tickets/{number}")
    assert files(folder) == before


async def test_the_edit_is_downloaded_and_applied_and_the_proposal_says_that_it_was_learnt(
    counter: Office, at_desk: Visitor, ana: Member, folder: Path
) -> None:
    number = await resolved(counter, ana)
    teaches(at_desk, number, "my umbrella: is it gone?")
    where = at_desk.where
    assert "an editor decides" in at_desk.opens("/desk/improve")
    response = at_desk.client.get(f"{where}.diff")
    assert (
        response.headers["content-disposition"] == f'attachment; filename="ticket-{number}-{where.split("/")[-1]}.diff"'
    )
    loaded = applied(folder, response.content, "git", "apply")
    assert "my umbrella: is it gone?" in loaded.language("en").entries["umbrella"].also
    counter.desk.library = lambda: loaded
    assert "the bot has learnt it" in at_desk.opens(where)
    assert "the bot has learnt it" in at_desk.opens("/desk/improve")
    at_desk.client.get(f"{where}.diff")
    assert "has this phrasing already" in at_desk.opens(f"{where}.diff")
    assert at_desk.status == 409


async def test_a_reply_becomes_the_answer_of_a_new_entry_without_greeting_and_name(
    counter: Office, at_desk: Visitor, ana: Member, folder: Path
) -> None:
    counter.world.account("danalee2", "dana2@example.org")
    number = await resolved(counter, ana)
    at_desk.opens(f"/desk/tickets/{number}/teach")
    helped, asked = reply_of(at_desk), sentences(at_desk)["Where did my blue umbrella end up?"]
    page = at_desk.opens(f"/desk/tickets/{number}/teach?asked={asked}&helped={helped}")
    assert "A new entry" in page
    assert "Something was taken out" in page
    answer = re.search(r'name="answer"[^>]*>([^<]*)</textarea>', at_desk.page)
    assert answer is not None
    assert answer[1].endswith("Please ask at the counter downstairs. They keep umbrellas for a week.")
    shown = at_desk.sends(
        f"/desk/tickets/{number}/teach",
        phrasing="Where did my blue umbrella end up?",
        question="How long are umbrellas kept?",
        answer="Ask at the counter. They keep {umbrellas} for a week.",
        source="003",
    )
    assert "+- id: how_long_are_umbrellas_kept" in shown
    assert "+ Ask at the counter. They keep {{umbrellas}} for a week." in shown
    response = at_desk.client.get(f"{at_desk.where}.diff")
    loaded = applied(folder, response.content, "patch", "-p1", "-i")
    entry = loaded.language("en").entries["how_long_are_umbrellas_kept"]
    assert entry.answer == "Ask at the counter. They keep {umbrellas} for a week."
    assert entry.reviewed == MONDAY.date()


@pytest.mark.parametrize(
    ("phrasing", "told"),
    [
        ("", "there is nothing in it"),
        ("?!", "there is nothing in it"),
        ("x " * 200, "shorten it to 300"),
        ("mail me at bob@example.com", "an e-mail address in it"),
        ("call (916) 555-0100 please", "a telephone number in it"),
        ("my permit is 20261234", "a long number in it"),
        ("see https://example.org/umbrella", "a link in it"),
        ("my name is Bob Stone, umbrella?", "somebody's name"),
        ("Ana has my umbrella", "somebody's name"),
        ("the [removed] umbrella", "brackets in it"),
        ("my password is Tr0ub4dor&3", "looks like a password"),
        ("Please tell me where is my umbrella!", "has this phrasing already"),
        ("soup at NOON", "one of the examples"),
    ],
)
async def test_what_is_personal_or_cannot_be_learnt_is_refused_and_stays_in_the_form(
    counter: Office, at_desk: Visitor, ana: Member, phrasing: str, told: str
) -> None:
    number = await resolved(counter, ana)
    assert told in teaches(at_desk, number, phrasing)
    assert at_desk.status == 422
    assert " ".join(phrasing.split())[:30] in at_desk.page.replace("&amp;", "&")
    assert "taught" not in counter.kinds(number)


async def test_the_name_of_the_tickets_account_is_personal(counter: Office, at_desk: Visitor, ana: Member) -> None:
    number = await resolved(counter, ana)
    assert "somebody" not in teaches(at_desk, number, "does danalee1 own the umbrella")
    with counter.database.transaction() as session:
        session.get_one(Ticket, number - 1000).account_id = session.scalars(
            select(Account.id).order_by(Account.id)
        ).first()
    for name in ("DANA", "danalee1", "example"):
        assert "somebody's name" in teaches(at_desk, number, f"{name} wants the umbrella of yesterday")


async def test_an_answer_that_cannot_be_shown_everywhere_is_refused(
    counter: Office, at_desk: Visitor, ana: Member
) -> None:
    number = await resolved(counter, ana)
    at_desk.opens(f"/desk/tickets/{number}/teach")
    helped = reply_of(at_desk)

    def told(answer: str, question: str = "How long are they kept?") -> str:
        return teaches(at_desk, number, "a way to ask", helped, question=question, answer=answer, source="003")

    assert "a heading" in told("# Umbrellas")
    assert "The answer: there is nothing in it" in told("")
    assert "The question: there is nothing in it" in told("A week.", "")
    assert "The answer: it has somebody's name" in told("Ask Ana.")
    assert "lessons" not in at_desk.where
    assert "is no source" in teaches(at_desk, number, "a way to ask", helped, question="How long?", answer="A week.")
    assert "Proposal from ticket" in told("Write to help@example.org or call (916) 555-0100.")


async def test_only_a_resolved_ticket_teaches(counter: Office, at_desk: Visitor) -> None:
    number = await ask_for_person(Person(counter.world))
    assert "This one is not" in at_desk.opens(f"/desk/tickets/{number}/teach")
    assert at_desk.status == 409
    assert "There is no such ticket" in at_desk.opens("/desk/tickets/4711/teach")
    for lesson in (1, 10**25):
        assert "There is no such proposal" in at_desk.opens(f"/desk/tickets/{number}/lessons/{lesson}")
        assert at_desk.status == 404


async def test_a_ticket_that_was_opened_again_meanwhile_teaches_nothing(counter: Office, ana: Member) -> None:
    number = await resolved(counter, ana)
    with counter.desk.work(ana) as desk:
        ticket_work.reopen(desk, number - 1000)
    with counter.desk.work(ana) as desk, pytest.raises(TicketRefused, match="teach_unresolved"):
        lessons.teach(desk, number - 1000, Lesson("umbrella gone", "umbrella", "en"))
    assert counter.kinds(number)[-1] == "reopened"


async def test_a_mark_that_makes_no_sense_is_asked_for_again(counter: Office, at_desk: Visitor, ana: Member) -> None:
    number = await resolved(counter, ana)
    for query in (
        "asked=0000000001&helped=entry:umbrella",
        "asked=99&helped=entry:umbrella",
        "asked=x&helped=entry:umbrella",
        "asked=0&helped=entry:unknown",
    ):
        assert "Mark one of the sentences" in at_desk.opens(f"/desk/tickets/{number}/teach?{query}")
    at_desk.sends(f"/desk/tickets/{number}/teach", helped="reply:77", phrasing="umbrella gone")
    assert "taught" not in counter.kinds(number)


async def test_secrets_stand_in_no_sentence_that_can_be_marked(counter: Office, at_desk: Visitor, ana: Member) -> None:
    person = Person(counter.world)
    await converse(person, [("my password is Tr0ub4dor&3", "")])
    number = await ask_for_person(person)
    counter.desk.resolve(ana, number - 1000)
    at_desk.opens(f"/desk/tickets/{number}/teach")
    assert "my password is [removed]" in sentences(at_desk)
    assert "Tr0ub4dor" not in at_desk.page


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("My name is Dana Lee and I cannot log in", "My name is and I cannot log in"),
        ("This is Bob Stone from the bakery", "This is from the bakery"),
        ("This is CERS, no?", "This is CERS, no?"),
        ("I wait 24-48 hours, page 12", "I wait 24-48 hours, page 12"),
        ("mail me.too@example.org now", "mail now"),
        ("Ana's answer", "answer"),
    ],
)
def test_what_is_personal_is_taken_out_and_nothing_else(text: str, left: str) -> None:
    names = Names(("Dana", "Lee", "danalee1"), ("Ana",))
    assert without(text, personal(text, names, ())) == left
