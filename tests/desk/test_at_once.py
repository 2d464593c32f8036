"""A person and staff at once, on PostgreSQL: neither waits for what the other has while the other waits for it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from bot.dialogue.messages import Incoming
from core import conversations, takeover
from core.context import Context
from core.office_days import STATE_OFFICES
from core.staff import Member
from core.ticket_history import Kind
from core.tickets import id_of
from tests.desk.office import Office, Person, ask_for_person
from tests.postgres import until_somebody_waits

pytestmark = pytest.mark.parametrize("world", ["postgresql"], indirect=True)
TIMES = 25


async def test_a_turn_comes_to_its_ticket_while_staff_do_something_with_it(
    office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    ticket, desk = id_of(number), office.desk
    office.take(ana, number)

    def miss() -> None:
        office.world.now = office.ticket(number).due_at + timedelta(hours=1)
        desk.keep_promises()

    acts: list[Callable[[], object]] = [
        lambda: office.writes(ana, number, "Which page says no?"),
        lambda: desk.note(ana, ticket, "He called twice"),
        miss,
        lambda: desk.escalate(ana, ticket, "technical", "It is theirs", desk.next_business_day()),
        lambda: desk.take(ana, ticket, ana.id),
        lambda: desk.resolve(ana, ticket),
    ]
    for act in acts:
        _during_a_turn(office, number, act)
    assert office.kinds(number).count(Kind.PERSON_WROTE) == len(acts)
    desk.keep_promises()
    assert office.ticket(number).state == "resolved"


async def test_a_promise_is_missed_while_a_turn_has_the_chat_and_owned_up_to_after_it(
    office: Office, person: Person
) -> None:
    number = await ask_for_person(person)
    office.world.now = office.ticket(number).due_at + timedelta(hours=1)
    with office.database.transaction() as session:
        conversations.hold_by_id(session, office.ticket(number).conversation_id or 0)
        assert office.desk.keep_promises() == 1, "it is warned of"
    assert office.desk.keep_promises() == 1
    assert office.kinds(number) == [Kind.OPENED, Kind.WARNED, Kind.MISSED]


async def test_a_person_and_staff_who_write_at_once_many_times_do_not_stop_each_other(
    office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    office.take(ana, number)
    talk = office.world.conversations(office.database)

    def person_writes() -> None:
        for each in range(TIMES):
            talk.receive(Incoming(person.channel, person.chat, f"at once {each}", f"and {each}"))

    def staff_write() -> None:
        for each in range(TIMES):
            office.writes(ana, number, f"reply {each}")
            office.take(ana, number)

    with ThreadPoolExecutor(2) as both:
        for done in [both.submit(person_writes), both.submit(staff_write)]:
            done.result(60)
    assert office.kinds(number).count(Kind.PERSON_WROTE) == TIMES
    assert office.kinds(number).count(Kind.REPLY) == TIMES


def _during_a_turn(office: Office, number: int, act: Callable[[], object]) -> None:
    """Let staff do something while a turn has the chat and has not come to the ticket yet."""
    conversation = office.ticket(number).conversation_id
    assert conversation is not None
    with ThreadPoolExecutor(1) as staff:
        with office.database.transaction() as session:
            conversations.hold_by_id(session, conversation)
            acting = staff.submit(act)
            until_somebody_waits(office.database, acting)
            context = Context(session, office.world.now, office.world.keys, conversation, "en", STATE_OFFICES)
            assert takeover.hear(context, id_of(number), "hello?")
        acting.result(20)
