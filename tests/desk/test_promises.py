"""The promise: a day that is told, warned of before it is missed, and owned up to when it is."""

from datetime import UTC, date, datetime, timedelta

import pytest

from core import ticket_work
from core.business_days import CALIFORNIA
from core.office_days import Calendar
from core.refusals import TicketRefused
from core.staff import Member
from core.ticket_history import Kind
from core.tickets import id_of
from knowledge.office_days import days
from tests.databases import ON_BOTH
from tests.desk.office import Office, Person, ask_for_person

THANKSGIVING_WEEK = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)


def test_the_list_of_days_closes_and_opens_the_help_desk() -> None:
    asked = datetime(2026, 12, 23, 18, 0, tzinfo=UTC)
    usual, closed = Calendar(), Calendar(closed_also=frozenset({date(2026, 12, 24)}))
    assert usual.promise(asked, 1).astimezone(CALIFORNIA).date() == date(2026, 12, 24)
    assert closed.promise(asked, 1).astimezone(CALIFORNIA).date() == date(2026, 12, 28)
    opened = Calendar(open_although=frozenset({date(2026, 11, 26)}))
    assert usual.promise(THANKSGIVING_WEEK, 2).astimezone(CALIFORNIA).date() == date(2026, 11, 30)
    assert opened.promise(THANKSGIVING_WEEK, 2).astimezone(CALIFORNIA).date() == date(2026, 11, 26)


def test_a_list_of_days_is_days_or_none() -> None:
    assert days("none") == frozenset()
    assert days("2026-12-24, 2026-12-31") == {date(2026, 12, 24), date(2026, 12, 31)}
    with pytest.raises(ValueError, match="Christmas"):
        days("Christmas")


@ON_BOTH
async def test_staff_are_warned_once_before_a_promise_is_missed(office: Office, person: Person) -> None:
    number = await ask_for_person(person)
    due = office.ticket(number).due_at
    office.world.now = due - timedelta(hours=5)
    assert office.desk.keep_promises() == 0
    office.world.now = due - timedelta(hours=3)
    assert office.desk.keep_promises() == 1
    assert office.desk.keep_promises() == 0
    assert office.kinds(number) == [Kind.OPENED, Kind.WARNED]


@ON_BOTH
async def test_a_missed_promise_is_owned_up_to_once_with_a_new_day(office: Office, person: Person) -> None:
    number = await ask_for_person(person)
    office.world.now = office.ticket(number).due_at + timedelta(minutes=1)
    office.desk.keep_promises()
    office.desk.keep_promises()
    heard = (await person.hears()).replace("**", "")
    assert heard.count("have not kept that") == 1
    assert "by Wednesday, November 18, 2026" in heard
    assert "the new day is Thursday, November 19, 2026" in heard
    assert "Thursday, November 19, 2026" in await person.says("/status")
    assert Kind.MISSED in office.kinds(number)
    assert office.ticket(number).answer_by < office.ticket(number).due_at


async def test_a_ticket_that_waits_for_its_person_misses_no_promise(
    office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    office.writes(ana, number, "Which one?")
    await person.hears()
    assert office.ticket(number).state == "waiting"
    office.world.now += timedelta(days=30)
    office.desk.keep_promises()
    assert await person.hears() == ""
    assert Kind.MISSED not in office.kinds(number)


async def test_what_the_person_writes_to_a_waiting_ticket_is_owed_an_answer_in_two_days(
    office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    office.writes(ana, number, "Which one?")
    office.world.later(24 * 60)
    await person.says("The first one")
    ticket = office.ticket(number)
    assert (ticket.state, ticket.due_at) == ("open", datetime(2026, 11, 20, 1, 0, tzinfo=UTC))


async def test_an_escalated_ticket_promises_news_by_a_day(office: Office, ana: Member, person: Person) -> None:
    number = await ask_for_person(person)
    office.desk.escalate(ana, id_of(number), "regulator", "It is about a submittal", date(2026, 11, 25))
    heard = (await person.hears()).replace("**", "")
    assert "local regulator" in heard
    assert "by Wednesday, November 25, 2026" in heard
    assert (office.ticket(number).state, office.ticket(number).escalated_to) == ("escalated", "regulator")
    assert office.history(number)[-1].text == "It is about a submittal"


@pytest.mark.parametrize(
    ("level", "reason", "news", "phrase"),
    [
        ("upstairs", "because", date(2026, 11, 25), "no_such_level"),
        ("technical", " ", date(2026, 11, 25), "reason_missing"),
        ("technical", "the password is Sunflower2026", date(2026, 11, 25), "reason_has_secret"),
        ("technical", "because", date(2026, 11, 13), "news_day_wrong"),
        ("technical", "because", date(2027, 11, 25), "news_day_wrong"),
    ],
)
async def test_an_escalation_that_promises_nothing_is_refused(
    office: Office, ana: Member, person: Person, level: str, reason: str, news: date, phrase: str
) -> None:
    number = await ask_for_person(person)
    with pytest.raises(TicketRefused) as refused:
        office.desk.escalate(ana, id_of(number), level, reason, news)
    assert refused.value.phrase == phrase
    assert office.ticket(number).state == "new"


async def test_a_ticket_is_handed_over_noted_ticked_and_opened_again(
    office: Office, ana: Member, ben: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    ticket = id_of(number)
    with office.desk.work(ana) as desk:
        ticket_work.hand_over(desk, ticket, ben.id)
        ticket_work.note(desk, ticket, "He called twice")
        ticket_work.mark_step(desk, ticket, "searched_spam")
    office.desk.resolve(ben, ticket)
    with office.desk.work(ana) as desk:
        ticket_work.reopen(desk, ticket)
    kinds = ["opened", "handed_over", "note", "step", "resolved", "reopened"]
    assert office.kinds(number) == kinds
    assert (office.ticket(number).owner_id, office.ticket(number).closed_at) == (ana.id, None)


async def test_taking_what_a_colleague_took_meanwhile_is_refused(
    office: Office, ana: Member, ben: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    office.desk.take(ana, id_of(number), None)
    with pytest.raises(TicketRefused) as refused:
        office.desk.take(ben, id_of(number), None)
    assert (refused.value.phrase, refused.value.fields) == ("taken_meanwhile", {"name": "Ana"})
    office.desk.take(ben, id_of(number), ana.id)
