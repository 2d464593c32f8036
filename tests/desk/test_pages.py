"""The desk's pages without a script: queue, ticket, forms, and what each says when it cannot do what was asked."""

import re

import pytest
from sqlalchemy import update

from bot.desk import answers
from bot.dialogue.messages import Delivery, SendFailed
from core import ticket_work, tickets
from core.context import Desk
from core.office_days import STATE_OFFICES
from core.staff import Member
from core.tables import AccountRequest, AuditEvent, Ticket, TicketWriter
from core.ticket_queue import Filters, page
from core.tickets import STATES, id_of
from knowledge.text import normalise
from tests.asking import RECOVER
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.visitors import Visitor, give_password
from tests.world import MailedCode, Press, converse, library


@pytest.fixture
def at_desk(office: Office, ana: Member) -> Visitor:
    """Return Ana, signed in."""
    give_password(office, ana)
    visitor = Visitor(office)
    visitor.signs_in("Ana")
    return visitor


@pytest.fixture
def ben_at_desk(office: Office, ben: Member) -> Visitor:
    """Return Ben, signed in elsewhere."""
    give_password(office, ben)
    visitor = Visitor(office, network="198.51.100.9")
    visitor.signs_in("Ben")
    return visitor


def facts(visitor: Visitor) -> str:
    """Return what the page says of the account."""
    return visitor.page.partition('id="account-title"')[2].partition("</section>")[0]


async def test_the_queue_shows_filters_counts_and_finds(office: Office, at_desk: Visitor) -> None:
    first = await ask_for_person(Person(office.world, "1"), "My umbrella is <b>gone</b>")
    second = await ask_for_person(Person(office.world, "2"), "The portal shows an error")
    office.desk.resolve(office.members["Ana"], id_of(second))
    queue = at_desk.opens("/desk")
    assert f"{first} My umbrella is <b>gone</b>" in queue
    assert str(second) not in queue
    assert "Not resolved 1 Mine 0 Nobody's 1 Late 0" in queue
    assert str(second) in at_desk.opens("/desk?state=resolved")
    assert str(second) in at_desk.opens("/desk?state=all&words=port+ERR")
    assert str(first) in at_desk.opens(f"/desk?words={first}")
    assert "No ticket fits" in at_desk.opens("/desk?words=helicopter")
    assert "No ticket fits" in at_desk.opens("/desk?whose=mine")
    office.world.later(60 * 24 * 5)
    at_desk.signs_in("Ana")
    assert str(first) in at_desk.opens("/desk?late=1")


async def test_every_state_can_be_asked_for(at_desk: Visitor) -> None:
    at_desk.opens("/desk?state=all")
    offered = re.findall(r'<option value="(\w+)"', at_desk.page.partition('name="state"')[2].partition("</select>")[0])
    assert offered == ["unresolved", *STATES, "all"]
    assert '<option value="all" selected>' in at_desk.page


async def test_staff_are_told_that_the_person_blocked_the_bot_until_they_write_again(
    office: Office, at_desk: Visitor, person: Person
) -> None:
    class Gone:
        async def send(self, delivery: Delivery) -> None:
            raise SendFailed("Forbidden: bot was blocked by the user", permanent=True, is_gone=True)

    number = await ask_for_person(person)
    told = "has taken no messages here since Mon, Nov 16"
    assert told not in at_desk.opens(f"/desk/tickets/{number}")
    office.writes(office.members["Ana"], number, "Are you there?")
    await office.world.work({"test": Gone()})
    assert told in at_desk.opens(f"/desk/tickets/{number}")
    await person.says("I am back")
    assert told not in at_desk.opens(f"/desk/tickets/{number}")


def test_what_answers_are_found_by_is_made_once_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def counted(text: str) -> str:
        asked.append(text)
        return normalise(text)

    monkeypatch.setattr(answers, "normalise", counted)
    language = library().language("en")
    first = answers.find(language, "forgot my username")
    asked.clear()
    assert answers.find(language, "forgot my username") == first
    assert asked == ["forgot my username"]


async def test_a_ticket_that_waits_for_its_person_is_never_late(
    office: Office, at_desk: Visitor, person: Person
) -> None:
    number = await ask_for_person(person)
    late = await ask_for_person(Person(office.world, "2"))
    office.writes(office.members["Ana"], number, "Which page says no?")
    office.world.later(60 * 24 * 30)
    at_desk.signs_in("Ana")
    assert "Late 1" in at_desk.opens("/desk?late=1")
    assert str(late) in at_desk.page
    assert str(number) not in at_desk.page


@pytest.mark.parametrize(
    "query",
    [
        "state=x",
        "whose=x",
        "after=x",
        "after=2026-11-16~1",
        "after=2026-11-16T00:00:00%2B00:00~x",
        "words=%00",
        "late=x",
    ],
)
def test_filters_that_make_no_sense_are_passed_over(at_desk: Visitor, query: str) -> None:
    assert "Queue" in at_desk.opens(f"/desk?{query}")
    assert at_desk.status == 200


async def test_the_queue_goes_on_page_by_page_and_shows_every_ticket_once(office: Office, at_desk: Visitor) -> None:
    with office.database.transaction() as session:
        for number in range(7):
            tickets.open_for_service(session, f"letter {number}", None, "en", office.world.now, STATE_OFFICES)
    seen: list[int] = []
    after = None
    with office.database.reading() as session:
        while True:
            found = page(session, Filters(after=after), staff=1, size=3)
            seen += [row.number for row in found.rows]
            if not found.more:
                break
            after = (found.rows[-1].due_at, found.rows[-1].id)
    assert seen == list(range(1001, 1008))


async def test_a_ticket_is_taken_answered_and_resolved(office: Office, at_desk: Visitor, person: Person) -> None:
    number = await ask_for_person(person)
    path = f"/desk/tickets/{number}"
    assert "It says no" in at_desk.opens(path)
    assert "has Ana" in at_desk.sends(f"{path}/take", owner="")
    shown = at_desk.sends(f"{path}/reply", text="Which **page** says no?", then="wait")
    assert "Waiting for the person" in shown
    assert "On its way" in shown
    assert "Which **page** says no?" in await person.hears()
    assert "Delivered" in at_desk.opens(path)
    assert "<b>page</b>" in at_desk.page
    await person.says("The <script>first</script> one")
    assert "The <script>first</script> one" in at_desk.opens(path)
    assert "Resolved" in at_desk.sends(f"{path}/reply", text="Thank you", then="resolve")
    heard = await person.hears()
    assert heard.index("Thank you") < heard.index("is resolved")


async def test_a_reply_that_resolves_is_sent_and_resolves_or_does_neither(
    office: Office, at_desk: Visitor, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(desk: Desk, ticket: int) -> bool:
        raise OSError("the disk is full")

    number = await ask_for_person(person)
    path = f"/desk/tickets/{number}"
    at_desk.opens(path)
    with monkeypatch.context() as patched:
        patched.setattr(ticket_work, "resolve", fail)
        with pytest.raises(OSError, match="disk"):
            at_desk.sends(f"{path}/reply", text="Thank you", then="resolve")
    assert office.kinds(number) == ["opened"]
    assert "Resolved" in at_desk.sends(f"{path}/reply", text="Thank you", then="resolve")
    assert office.kinds(number) == ["opened", "reply", "resolved"]


async def test_notes_steps_subject_hand_over_and_escalation_show_in_the_history(
    office: Office, at_desk: Visitor, ben: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    path = f"/desk/tickets/{number}"
    at_desk.opens(path)
    assert "Note · Ana" in at_desk.sends(f"{path}/note", text="He called twice")
    assert "✓ Searched spam" in at_desk.sends(f"{path}/step", step="searched_spam")
    assert "Subject · Ana" in at_desk.sends(f"{path}/subject", subject="forgot_username")
    assert "has Ben" in at_desk.sends(f"{path}/hand-over", to=str(ben.id))
    said = at_desk.sends(f"{path}/escalate", level="technical", reason="Needs CalEPA", news="2026-11-24")
    assert "CERS Technical Support" in said
    assert "due Tue, Nov 24, 17:00" in said
    assert "He called twice" not in await person.hears()


async def test_answers_of_the_knowledge_are_found_and_put_into_the_reply(
    office: Office, at_desk: Visitor, person: Person
) -> None:
    number = await ask_for_person(person)
    found = at_desk.opens(f"/desk/tickets/{number}?find=forgot+my+username")
    assert "I forgot my username" in found
    assert "insert=forgot_username" in at_desk.page
    at_desk.opens(f"/desk/tickets/{number}?insert=forgot_username&find=x")
    box = at_desk.page.partition('id="reply" name="text"')[2].partition("</textarea>")[0]
    assert "username" in box
    answers = at_desk.client.get("/desk/answers?words=activation").json()
    assert answers[0].keys() == {"id", "question", "answer"}
    assert at_desk.client.get("/desk/answers?words=").json() == []


async def test_facts_of_an_account_are_masked_until_looked_at_and_each_look_is_written_down(
    office: Office, at_desk: Visitor, person: Person
) -> None:
    await converse(person, [*RECOVER, (Press("Mail me a code instead"), "digits")])
    await person.says(MailedCode())
    number = await ask_for_person(person)
    path = f"/desk/tickets/{number}"
    shown = at_desk.opens(path)
    assert "verified Mon, Nov 16" in shown
    assert "d****@example.org" in shown
    assert "dana@example.org" not in facts(at_desk)
    assert "danalee1" not in at_desk.page
    clear = at_desk.sends(f"{path}/account")
    assert "dana@example.org" in clear
    assert "danalee1" in clear
    at_desk.opens(path)
    assert "dana@example.org" not in facts(at_desk)
    assert office.kinds(number).count("looked") == 1
    assert [each.event for each in office.world.rows(AuditEvent)].count("account.looked_at") == 1


async def test_s4_what_staff_start_for_a_stranger_goes_to_the_address_on_file_and_shows_nothing(
    office: Office, at_desk: Visitor, person: Person
) -> None:
    number = await ask_for_person(person)
    path = f"/desk/tickets/{number}"
    pages = []
    for identifier in ("danalee1", "nobody7"):
        at_desk.opens(path)
        at_desk.sends(f"{path}/start", action="reset_password", identifier=identifier)
        await office.world.work()
        at_desk.opens(path)
        pages.append(at_desk.page.count("mail a link for a new password"))
        assert "/reset/" not in at_desk.page
        assert "dana@example.org" not in at_desk.page
    assert [each.to for each in office.world.letterbox.letters] == ["dana@example.org"]
    assert [each.proved_by for each in office.world.rows(AccountRequest)] == ["staff", "staff"]
    assert pages[1] - pages[0] == 2, "both look alike"
    assert "The help desk started this" in office.world.letterbox.letters[0].body


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


async def test_who_is_writing_is_shown_to_the_others(
    office: Office, at_desk: Visitor, ben_at_desk: Visitor, person: Person
) -> None:
    number = await ask_for_person(person)
    at_desk.opens(f"/desk/tickets/{number}")
    at_desk.sends(f"/desk/tickets/{number}/take")
    csrf = at_desk.page.partition('data-csrf="')[2].partition('"')[0]
    assert at_desk.client.post(f"/desk/tickets/{number}/writing", data={"csrf": csrf}).status_code == 204
    assert "Ana is replying…" in ben_at_desk.opens(f"/desk/tickets/{number}")
    assert "Ana is replying…" not in at_desk.opens(f"/desk/tickets/{number}")
    at_desk.sends(f"/desk/tickets/{number}/reply", text="I am on it.")
    assert "Ana is replying…" not in ben_at_desk.opens(f"/desk/tickets/{number}"), "the reply is there"
    at_desk.client.post(f"/desk/tickets/{number}/writing", data={"csrf": csrf})
    at_desk.client.post(f"/desk/tickets/{number}/writing", data={"csrf": csrf})
    assert "Ana is replying…" in ben_at_desk.opens(f"/desk/tickets/{number}")
    office.desk.forget_writers()
    assert len(office.world.rows(TicketWriter)) == 1
    office.world.later(1)
    assert "Ana is replying…" not in ben_at_desk.opens(f"/desk/tickets/{number}")
    office.desk.forget_writers()
    assert office.world.rows(TicketWriter) == []


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


async def test_a_ticket_whose_chat_was_forgotten_is_still_there(
    office: Office, at_desk: Visitor, person: Person
) -> None:
    number = await ask_for_person(person)
    await converse(person, [("/forget", ""), ("yes", "")])
    with office.database.transaction() as session:
        session.execute(update(Ticket).values(conversation_id=None))
    assert "Nothing was said yet" in at_desk.opens(f"/desk/tickets/{number}")


FORMS = (
    *("reply", "note", "take", "hand-over", "subject", "step"),
    *("wait", "escalate", "resolve", "reopen", "start", "account"),
)


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
    assert f'<form method="get" action="{path}"' in at_desk.page
    assert f'data-address="{path}"' in at_desk.page
    at_desk.opens(f"{path}?find=forgot+my+username")
    assert f'href="{path}?insert=forgot_username&amp;find=forgot+my+username#reply"' in at_desk.page


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
