"""Topics of the staff's group on Telegram: one a ticket, opened once, and told of everything."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from core import pacing, ticket_work
from core.pacing import Pace
from core.staff import Member
from core.tables import Message, Ticket
from core.tickets import id_of
from tests.databases import ON_BOTH
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.staff_room import GROUP, GroupOfStaff
from tests.telegram_server import Fault


async def test_a_ticket_opens_a_topic_with_its_card(group: GroupOfStaff, person: Person) -> None:
    number = await ask_for_person(person, "The *activation* mail does not come")
    card = await group.hears()
    assert group.topics == [f"{number}: The *activation* mail does not come"]
    for part in (
        f"Ticket {number} (not verified), has nobody yet",
        "Due Wed, Nov 18, 17:00",
        "What happened: The *activation* mail does not come",
        f"/desk/tickets/{number}",
        "[Take it]\n[Hand over]\n[Resolve]",
    ):
        assert part in card, card
    assert "activation mail again" not in card
    assert await group.hears() == ""
    assert len(group.topics) == 1


async def test_a_ticket_that_was_resolved_before_the_group_heard_of_it_has_no_topic(
    group: GroupOfStaff, office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    office.desk.resolve(ana, id_of(number))
    assert await group.hears() == ""
    assert group.topics == []


async def test_a_topic_that_was_deleted_is_opened_anew_with_the_next_news(
    group: GroupOfStaff, office: Office, ana: Member, number: int
) -> None:
    group.server.chats.open(GROUP).topics.clear()
    office.desk.note(ana, id_of(number), "Still here")
    heard = await group.hears()
    assert f"Ticket {number}" in heard
    assert "Still here" in heard
    assert len(group.topics) == 1


async def test_while_telegram_fails_nothing_is_lost(
    group: GroupOfStaff, office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    group.server.faults.append(Fault("createForumTopic", "refuse", status=429, retry_after=1))
    assert await group.hears() == ""
    group.server.faults.append(Fault("sendMessage", "refuse", status=502, chat=GROUP))
    assert await group.hears() == ""
    assert f"Ticket {number}" in await group.hears()
    assert len(group.topics) == 1
    group.server.faults.append(Fault("sendMessage", "refuse", status=502, chat=GROUP))
    assert await group.says(ana, "/oops") == ""
    office.world.later(5)
    assert "A message that begins with / is not sent" in await group.hears()


@ON_BOTH
async def test_of_two_processes_one_tells_the_group(
    group: GroupOfStaff, office: Office, ana: Member, person: Person
) -> None:
    await ask_for_person(person)
    database = office.world.database()
    channels = [group.channel(database) for _ in range(2)]
    relays = [group.relay(database, channel) for channel in channels]
    for channel in channels:
        await channel.start()
    assert await relays[0][0].work()
    assert len(group.topics) == 1
    await ask_for_person(Person(office.world, "18"))
    assert not await relays[1][0].work()
    await relays[0][1].leave()
    assert await relays[1][0].work()
    assert len(group.topics) == 2
    for channel in channels:
        await channel.stop()


async def test_every_ticket_has_its_own_topic(group: GroupOfStaff, office: Office, ana: Member, person: Person) -> None:
    other = Person(office.world, "18")
    for each in (person, other):
        await ask_for_person(each)
    await group.hears()
    first, second = sorted(group.server.chats.open(GROUP).topics)
    await group.says(ana, "To the first", topic=first)
    await group.says(ana, "To the second", topic=second)
    said = [(line.conversation_id, line.text) for line in office.world.rows(Message) if line.author == "staff"]
    chats = [ticket.conversation_id for ticket in office.world.rows(Ticket)]
    assert said == list(zip(chats, ["To the first", "To the second"], strict=True))


async def test_what_is_done_on_the_pages_is_told_in_the_topic(
    group: GroupOfStaff, office: Office, ana: Member, number: int
) -> None:
    office.desk.note(ana, id_of(number), "Looks like 2")
    office.writes(ana, number, "Please look into *spam*")
    assert await group.hears() == "Note · Ana\nLooks like 2\n\nReply · Ana\nPlease look into *spam*"


async def test_a_promise_that_is_nearly_over_is_told_in_the_topic(
    group: GroupOfStaff, office: Office, person: Person, number: int
) -> None:
    office.world.now = office.ticket(number).due_at - timedelta(hours=1)
    office.desk.keep_promises()
    assert await group.hears() == "Due soon"
    office.world.later(61)
    office.desk.keep_promises()
    assert await group.hears() == "A promise was missed; there is a new one"


async def test_what_is_written_meanwhile_is_told_together_and_in_order(
    group: GroupOfStaff, office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    office.take(ana, number)
    await group.hears()
    for text in ("one", "two", "three"):
        await person.says(text)
    heard = await group.hears()
    assert heard == "Person: one\nPerson: two\nPerson: three".replace("\n", "\n\n")
    assert len([call for call in group.server.called("sendMessage") if "three" in call.fields["text"]]) == 1


@ON_BOTH
async def test_a_resolved_ticket_closes_its_topic_and_an_opened_one_opens_it(
    group: GroupOfStaff, office: Office, ana: Member, number: int
) -> None:
    chat = group.server.chats.open(GROUP)
    assert await group.presses(ana, "Resolve") == "Resolved · Ana\n[Open again]"
    assert chat.closed == {group.topic}
    office.desk.note(ana, id_of(number), "It was the spam folder")
    assert await group.hears() == "Note · Ana\nIt was the spam folder", "a closed topic is still told of"
    assert chat.closed == {group.topic}
    assert await group.presses(ana, "Open again") == "Opened again · Ana"
    assert chat.closed == set()
    assert len(group.server.called("closeForumTopic")) == len(group.server.called("reopenForumTopic")) == 1


async def test_a_ticket_that_was_opened_again_at_once_leaves_its_topic_open(
    group: GroupOfStaff, office: Office, ana: Member, number: int
) -> None:
    office.desk.resolve(ana, id_of(number))
    with office.desk.work(ana) as desk:
        ticket_work.reopen(desk, id_of(number))
    assert await group.hears() == "Resolved · Ana\n\nOpened again · Ana"
    assert group.server.called("closeForumTopic") == []


async def test_a_topic_is_closed_however_often_telegram_refuses(
    group: GroupOfStaff, office: Office, ana: Member, number: int
) -> None:
    office.desk.resolve(ana, id_of(number))
    group.server.faults.append(Fault("closeForumTopic", "refuse", status=429, retry_after=1))
    assert await group.hears() == ""
    group.server.faults.append(Fault("closeForumTopic", "drop_after"))
    assert await group.hears() == "", "nobody knows whether it was closed"
    assert await group.hears() == "Resolved · Ana\n[Open again]"
    assert group.server.chats.open(GROUP).closed == {group.topic}


async def test_all_that_leaves_a_message_in_the_group_counts_in_its_pace(
    group: GroupOfStaff, office: Office, ana: Member, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = []
    queue = pacing.queue

    def count(session: Session, name: str, pace: Pace, messages: int, now: datetime) -> float:
        counted.append(messages)
        return queue(session, name, pace, messages, now)

    monkeypatch.setattr(pacing, "queue", count)
    number = await ask_for_person(person)
    await group.hears()
    await group.presses(ana, "Resolve")
    await group.presses(ana, "Open again")
    assert office.ticket(number).state == "open"
    leaving = ("createForumTopic", "sendMessage", "closeForumTopic", "reopenForumTopic")
    left = [len(group.server.called(method)) for method in leaving]
    assert left == [1, 3, 1, 1]
    assert sum(counted) == sum(left)
