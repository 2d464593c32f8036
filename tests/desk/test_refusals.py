"""What the desk's pages refuse over HTTP, without scripts: each says what happened, and nothing typed is lost."""

import pytest

from core.staff import Member
from core.tickets import id_of
from tests.databases import ON_BOTH
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.visitors import Visitor

FORMS = (
    *("reply", "note", "take", "hand-over", "find", "subject", "step"),
    *("wait", "escalate", "resolve", "reopen", "start", "account"),
)


@ON_BOTH
async def test_two_who_reply_at_once_the_second_keeps_the_text_and_hears_who_was_first(
    office: Office, at_desk: Visitor, ben_at_desk: Visitor, person: Person
) -> None:
    number = await ask_for_person(person)
    path = f"/desk/tickets/{number}"
    at_desk.opens(path)
    ben_at_desk.opens(path)
    at_desk.sends(f"{path}/reply", text="I am on it.")
    said = ben_at_desk.sends(f"{path}/reply", text="Me too, at length.")
    assert ben_at_desk.status == 409
    assert "Ana has replied since you opened this page" in said
    assert "Me too, at length." in said
    assert "Me too" not in await person.hears()
    ben_at_desk.sends(f"{path}/reply", text="Me too, at length.")
    assert "Me too, at length." in await person.hears()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x" * 50_000, "The reply has 50,000 characters".replace(",", "")),
        ("é" * 50_000, "The reply has 50000 characters"),
        ("Your password is Sunflower2026", "looks like a password"),
        ("   ", "The reply was empty"),
    ],
)
async def test_a_reply_that_is_not_sent_says_why_and_stays_in_the_box(
    office: Office, at_desk: Visitor, person: Person, text: str, says: str
) -> None:
    number = await ask_for_person(person)
    at_desk.opens(f"/desk/tickets/{number}")
    said = at_desk.sends(f"/desk/tickets/{number}/reply", text=text)
    assert at_desk.status == 409
    assert says in said
    assert text.strip() in said
    assert office.kinds(number) == ["opened"]


async def test_a_reply_after_resolving_says_so_and_stays(
    office: Office, at_desk: Visitor, ben: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    at_desk.opens(f"/desk/tickets/{number}")
    office.desk.resolve(ben, id_of(number))
    said = at_desk.sends(f"/desk/tickets/{number}/reply", text="One more thing")
    assert "resolved meanwhile" in said
    assert "One more thing" in said
    assert "Open" in at_desk.sends(f"/desk/tickets/{number}/reopen")
    at_desk.sends(f"/desk/tickets/{number}/reply", text="One more thing")
    assert "One more thing" in await person.hears()


@pytest.mark.parametrize("number", [1001, 5, 99999999999999])
def test_a_number_that_no_ticket_has_is_no_such_ticket(at_desk: Visitor, number: int) -> None:
    assert "There is no such ticket" in at_desk.opens(f"/desk/tickets/{number}")
    assert at_desk.status == 404


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ("take", {"owner": "x"}),
        ("hand-over", {"to": "77"}),
        ("step", {"step": "x"}),
        ("escalate", {"level": "technical", "reason": "x", "news": "x"}),
        ("escalate", {"level": "technical", "reason": "the password is Sunflower2026", "news": "2026-11-24"}),
        ("start", {"action": "x", "identifier": "x"}),
        ("start", {"action": "reset_password", "identifier": " "}),
        ("account", {}),
        ("reopen", {}),
        ("note", {"text": ""}),
        ("note", {"text": "the password is Sunflower2026"}),
    ],
)
async def test_a_form_that_makes_no_sense_changes_nothing_and_says_why(
    office: Office, at_desk: Visitor, ben: Member, person: Person, form: str, fields: dict[str, str]
) -> None:
    number = await ask_for_person(person)
    office.take(ben, number)
    at_desk.opens(f"/desk/tickets/{number}")
    at_desk.sends(f"/desk/tickets/{number}/{form}", **{"csrf": at_desk._hidden("/desk/sign-out")["csrf"], **fields})
    assert at_desk.status == 409
    assert 'role="alert"' in at_desk.page
    assert office.kinds(number) == ["opened", "taken"]


async def test_the_address_of_a_form_leads_to_the_ticket_and_does_nothing(
    office: Office, at_desk: Visitor, person: Person
) -> None:
    number = await ask_for_person(person)
    for form in FORMS:
        assert f"Ticket {number}" in at_desk.opens(f"/desk/tickets/{number}/{form}"), form
        assert (at_desk.status, at_desk.where) == (200, f"/desk/tickets/{number}"), form
    assert office.kinds(number) == ["opened"]


async def test_links_and_forms_of_a_page_that_answers_a_form_lead_to_the_ticket(
    office: Office, at_desk: Visitor, person: Person
) -> None:
    number = await ask_for_person(person)
    path = f"/desk/tickets/{number}"
    at_desk.opens(path)
    at_desk.sends(f"{path}/reply", text=" ")
    assert at_desk.status == 409
    assert f'data-address="{path}"' in at_desk.page
    at_desk.finds(path, "forgot my username", text="Hello")
    assert at_desk.status == 200
    assert f'data-address="{path}"' in at_desk.page
    assert f'formaction="{path}/find"' in at_desk.page


@pytest.mark.parametrize(
    ("form", "field", "box"), [("note", "text", 'id="note"'), ("escalate", "reason", 'id="reason"')]
)
async def test_what_is_refused_stays_in_the_form_in_which_it_was_typed(
    office: Office, at_desk: Visitor, person: Person, form: str, field: str, box: str
) -> None:
    number = await ask_for_person(person)
    at_desk.opens(f"/desk/tickets/{number}")
    typed = "For us alone: the password is Sunflower2026"
    at_desk.sends(f"/desk/tickets/{number}/{form}", **{field: typed, "level": "technical", "news": "2026-11-24"})
    assert at_desk.status == 409
    assert typed in at_desk.page.partition(box)[2][:150]
    assert at_desk.page.count(typed) == 1, "a note is not put where a reply is written"


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ("escalate", {"reason": "It needs the second level"}),
        ("mailbox/refuse", {"why": "It needs the second level"}),
        ("mailbox/opening", {"reason": "Their server is gone", "checked": "It needs the second level"}),
        ("teach", {"phrasing": "It needs the second level", "answer": "Ask there."}),
    ],
)
async def test_whatever_was_written_before_the_session_ended_is_shown_to_be_copied(
    office: Office, at_desk: Visitor, person: Person, form: str, fields: dict[str, str]
) -> None:
    number = await ask_for_person(person)
    at_desk.opens(f"/desk/tickets/{number}")
    office.world.later(24 * 60)
    shown = at_desk.sends(f"/desk/tickets/{number}/{form}", **fields)
    assert (at_desk.status, "You are signed out" in shown) == (401, True)
    assert not [text for text in fields.values() if text not in at_desk.box("typed")]
