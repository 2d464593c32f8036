"""A ticket's page over HTTP, without scripts: it is taken, answered, noted, looked into and resolved."""

import pytest
from sqlalchemy import update

from bot.desk import answers
from bot.dialogue.messages import Delivery, SendFailed
from core import ticket_work
from core.context import Desk
from core.staff import Member
from core.tables import AccountRequest, AuditEvent, Ticket, TicketWriter
from knowledge.text import normalise
from tests.asking import RECOVER
from tests.databases import ON_BOTH
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.visitors import Visitor
from tests.world import MailedCode, Press, converse, library


def facts(visitor: Visitor) -> str:
    """Return what the page says of the account."""
    return visitor.page.partition('id="account-title"')[2].partition("</section>")[0]


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


@ON_BOTH
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
    path = f"/desk/tickets/{number}"
    at_desk.opens(path)
    typed = "Hello <Dana>,\nhere is how:"
    found = at_desk.finds(path, "forgot my username", text=typed, then="resolve")
    assert "I forgot my username" in found
    assert 'name="insert" value="forgot_username"' in at_desk.page
    assert at_desk.box("reply") == typed, "what was typed is gone"
    at_desk.finds(path, "forgot my username", text=typed, then="resolve", insert="forgot_username")
    answer = library().language("en").entries["forgot_username"].answer
    assert at_desk.box("reply") == f"{typed}\n\n{answer}"
    assert '<option value="resolve" selected>' in at_desk.page
    at_desk.finds(path, "", text="", insert="forgot_username")
    assert at_desk.box("reply") == answer
    assert at_desk.finds(path, "x", text=typed, insert="no_such_entry")
    assert at_desk.box("reply") == typed
    assert office.kinds(number) == ["opened"], "looking for an answer does something to the ticket"


async def test_answers_come_to_the_script_with_the_tags_of_a_page_and_no_others(at_desk: Visitor) -> None:
    answers = at_desk.client.get("/desk/answers?words=activation").json()
    assert answers[0].keys() == {"id", "question", "answer", "html"}
    marked = next(each for each in answers if "**" in each["answer"])
    assert "<b>" in marked["html"]
    assert "**" not in marked["html"]
    assert at_desk.client.get("/desk/answers?words=").json() == []


async def test_no_marks_of_markdown_are_shown_where_staff_and_bot_have_spoken(
    office: Office, at_desk: Visitor, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person, "It says **no** <i>")
    office.writes(ana, number, "Press **Send** & <wait>")
    at_desk.opens(f"/desk/tickets/{number}")
    for part in ("live-conversation", "live-history"):
        shown = at_desk.page.partition(f'id="{part}"')[2].partition("</ol>")[0]
        assert "Press <b>Send</b> &amp; &lt;wait&gt;" in shown, part
    assert "It says **no** &lt;i&gt;" in at_desk.page, "what a person typed stands as it was typed"


@ON_BOTH
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


async def test_a_ticket_whose_chat_was_forgotten_is_still_there(
    office: Office, at_desk: Visitor, person: Person
) -> None:
    number = await ask_for_person(person)
    await converse(person, [("/forget", ""), ("yes", "")])
    with office.database.transaction() as session:
        session.execute(update(Ticket).values(conversation_id=None))
    assert "Nothing was said yet" in at_desk.opens(f"/desk/tickets/{number}")
