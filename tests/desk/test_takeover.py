"""Bot and human in one chat: the bot is quiet while staff have it, says so once, and comes back."""

import pytest
from sqlalchemy import event

from bot.dialogue.messages import Delivery, SendFailed
from core import accounts, tickets
from core.office_days import STATE_OFFICES
from core.refusals import TicketRefused
from core.staff import Member
from core.tables import Message, Owed
from core.ticket_history import Kind
from core.tickets import id_of
from tests.asking import RECOVER
from tests.databases import ON_BOTH
from tests.desk.office import Office, Person, ask_for_person
from tests.world import MailedCode, Press, Wait, converse, library


@ON_BOTH
async def test_the_bot_is_quiet_while_a_human_has_the_chat_and_says_so_once(
    office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    office.take(ana, number)
    assert f"Ana of the help desk has your ticket {number} now" in await person.hears()
    assert await person.says("I forgot my username") == ""
    assert await person.says("hello?") == ""
    office.writes(ana, number, "Which address did you use?")
    assert await person.hears() == "Which address did you use?"
    assert await person.says("dana@example.org") == ""
    assert office.ticket(number).state == "open"
    assert office.kinds(number) == [
        "opened", "taken", "person_wrote", "person_wrote", "reply", "person_wrote",
    ]  # fmt: skip
    said = [(line.author, line.text) for line in office.world.rows(Message)][-4:]
    assert said == [
        ("person", "I forgot my username"),
        ("person", "hello?"),
        ("staff", "Which address did you use?"),
        ("person", "dana@example.org"),
    ]


async def test_slash_bot_brings_the_bot_back_and_the_ticket_stays(office: Office, ana: Member, person: Person) -> None:
    number = await ask_for_person(person)
    office.take(ana, number)
    assert "I am back" in await person.says("/bot")
    assert "username" in await person.says("I forgot my username")
    assert office.kinds(number)[-1] == Kind.BOT_BACK
    assert office.ticket(number).state == "open"
    office.writes(ana, number, "One more thing")
    heard = await person.hears()
    assert heard.index("Ana of the help desk") < heard.index("One more thing")
    assert await person.says("yes?") == ""


async def test_chats_are_given_back_by_their_key_not_by_a_search_through_all_of_them(
    office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    office.take(ana, number)
    statements: list[str] = []
    event.listen(office.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    office.desk.resolve(ana, id_of(number))
    ended = [each for each in statements if each.startswith("UPDATE conversations")]
    assert len(ended) == 1
    with office.database.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {ended[0]}", (None, 1, 1)).all()
    assert "SEARCH conversations USING INTEGER PRIMARY KEY" in str(plan)


async def test_the_bot_is_back_when_the_ticket_is_resolved(office: Office, ana: Member, person: Person) -> None:
    number = await ask_for_person(person)
    office.take(ana, number)
    office.desk.resolve(ana, id_of(number))
    assert f"Your ticket {number} is resolved" in await person.hears()
    assert "username" in await person.says("I forgot my username")
    assert f"Ticket {number} (resolved)" in (await person.says("/status")).replace("**", "")


@ON_BOTH
async def test_a_new_question_after_a_resolved_ticket_is_a_new_ticket_linked_to_it(
    office: Office, ana: Member, person: Person
) -> None:
    first = await ask_for_person(person)
    office.desk.resolve(ana, id_of(first))
    office.world.later(60)
    second = await ask_for_person(person, "Now it is something else")
    assert office.ticket(second).previous_id == id_of(first)
    assert office.ticket(first).state == "resolved"
    assert office.ticket(second).state == "new"


async def test_commands_and_danger_reach_the_bot_all_the_same(office: Office, ana: Member, person: Person) -> None:
    number = await ask_for_person(person)
    office.take(ana, number)
    assert f"Ticket {number}" in (await person.says("/status")).replace("**", "")
    assert "911" in await person.says("there is a chemical fire right now and people are hurt")
    assert office.kinds(number)[-1] == Kind.PERSON_WROTE
    assert await person.says("thank you") == ""


async def test_a_button_of_the_bot_tells_how_the_bot_comes_back(office: Office, ana: Member, person: Person) -> None:
    number = await ask_for_person(person)
    await person.says("I forgot my username")
    button = person.button("Recover my username")
    office.take(ana, number)
    assert "/bot" in await person.presses(button)


async def test_what_was_begun_before_the_takeover_goes_on_after_it(office: Office, ana: Member, person: Person) -> None:
    number = await ask_for_person(person)
    await converse(person, RECOVER[:1])
    office.take(ana, number)
    assert await person.says("dana@example.org") == ""
    await person.says("/bot")
    assert "<characters>" in await person.says("dana@example.org")


async def test_a_question_that_the_bot_would_ask_of_itself_waits_for_the_human(
    office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    await converse(person, [("recover my username", "e-mail"), ("dana@example.org", "<characters>")])
    office.take(ana, number)
    await person.hears()
    assert "Did the mail come" not in await person.says(Wait(60))


async def test_a_password_typed_to_staff_is_kept_nowhere(office: Office, ana: Member, person: Person) -> None:
    number = await ask_for_person(person)
    office.take(ana, number)
    heard = await person.says("my password is Sunflower2026")
    assert "password" in heard
    assert not [line for line in office.world.rows(Message) if "Sunflower2026" in line.text]


async def test_a_ticket_whose_account_was_proved_by_a_mailed_code_is_verified(office: Office, person: Person) -> None:
    await converse(person, [*RECOVER, (Press("Mail me a code instead"), "digits")])
    await person.says(MailedCode())
    number = await ask_for_person(person)
    assert office.ticket(number).verified_at is not None
    stranger = Person(office.world, "18")
    assert office.ticket(await ask_for_person(stranger)).verified_at is None


async def test_two_replies_at_once_and_the_second_is_refused_and_says_whose_was_first(
    office: Office, ana: Member, ben: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    seen = office.history(number)[-1].id
    assert office.writes(ana, number, "I am on it.", seen=seen)
    with pytest.raises(TicketRefused) as refused:
        office.writes(ben, number, "Me too.", seen=seen)
    assert (refused.value.phrase, refused.value.fields) == ("reply_overtaken", {"name": "Ana"})
    assert "Me too" not in await person.hears()
    assert office.writes(ben, number, "Now that I have read hers: hello.")


async def test_a_form_sent_twice_is_one_reply(office: Office, ana: Member, person: Person) -> None:
    number = await ask_for_person(person)
    assert office.writes(ana, number, "Once", key="the same form")
    assert not office.writes(ana, number, "Once", key="the same form")
    assert (await person.hears()).count("Once") == 1


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("  ", "reply_empty"),
        ("x" * 50_000, "reply_too_long"),
        ("Your password is Sunflower2026", "reply_has_secret"),
    ],
)
async def test_a_reply_that_cannot_be_sent_says_why(
    office: Office, ana: Member, person: Person, text: str, phrase: str
) -> None:
    number = await ask_for_person(person)
    with pytest.raises(TicketRefused) as refused:
        office.writes(ana, number, text)
    assert refused.value.phrase == phrase
    assert "reply" not in office.kinds(number)


async def test_html_in_a_reply_is_shown_and_does_nothing(office: Office, ana: Member, person: Person) -> None:
    number = await ask_for_person(person)
    office.writes(ana, number, "Press <b>Next</b> <script>alert(1)</script>")
    assert "<b>Next</b>" in await person.hears()


async def test_a_reply_after_resolving_is_refused(office: Office, ana: Member, person: Person) -> None:
    number = await ask_for_person(person)
    office.desk.resolve(ana, id_of(number))
    with pytest.raises(TicketRefused) as refused:
        office.writes(ana, number, "One more thing")
    assert refused.value.phrase == "ticket_resolved"


@ON_BOTH
async def test_a_ticket_without_a_chat_is_answered_by_letter_to_the_address_on_file(
    office: Office, ana: Member
) -> None:
    with office.database.transaction() as session:
        dana = accounts.find(session, "danalee1")
        assert dana is not None
        tickets.open_for_service(session, "SMTP said no.", dana.id, "en", office.world.now, STATE_OFFICES)
    assert office.writes(ana, 1001, "Please check your mailbox's filters.")
    await office.world.work()
    assert [(each.to, "filters" in each.body) for each in office.world.letterbox.letters] == [
        ("dana@example.org", True)
    ]


async def test_a_ticket_with_nobody_to_reach_says_so(office: Office, ana: Member) -> None:
    with office.database.transaction() as session:
        tickets.open_for_service(session, "SMTP said no.", None, "en", office.world.now, STATE_OFFICES)
    with pytest.raises(TicketRefused) as refused:
        office.writes(ana, 1001, "Hello?")
    assert refused.value.phrase == "nobody_to_reach"


async def test_a_reply_to_somebody_who_blocked_the_bot_is_seen_to_have_failed(
    office: Office, ana: Member, person: Person
) -> None:
    class Gone:
        async def send(self, delivery: Delivery) -> None:
            raise SendFailed("Forbidden: bot was blocked by the user", permanent=True)

    number = await ask_for_person(person)
    office.writes(ana, number, "Are you there?")
    assert office.history(number)[-1].delivered == "waiting"
    await office.world.work({"test": Gone()})
    assert office.history(number)[-1].delivered == "refused"
    assert "blocked by the user" in office.history(number)[-1].failure


async def test_a_reply_that_was_forgotten_before_it_was_sent_is_seen_to_have_failed(
    office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    office.writes(ana, number, "Which of the two sites is it?")
    await converse(person, [("/bot", "I am back"), ("/forget", "Shall I?"), (Press("Yes, forget it"), "")])
    (reply,) = [line for line in office.history(number) if line.kind == Kind.REPLY]
    assert (reply.delivered, reply.failure) == ("refused", "the person had this chat forgotten")
    assert "two sites" not in await person.hears()
    assert all("two sites" not in str(row.payload) for row in office.world.rows(Owed))


def test_an_unknown_number_is_no_such_ticket(office: Office, ana: Member) -> None:
    for number in (1001, 5, 0, 10**12):
        with pytest.raises(TicketRefused) as refused:
            office.desk.take(ana, id_of(number), None)
        assert refused.value.phrase == "ticket_unknown"


async def test_an_answer_of_ours_is_no_secret_whatever_it_says_of_passwords(
    office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    for entry in library().language("en").entries.values():
        assert office.writes(ana, number, f"Like this:\n\n{entry.answer}"), entry.id
