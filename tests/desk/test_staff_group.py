"""Staff work in their group on Telegram: a topic a ticket, and what is written there reaches the person."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.desk.help_desk import HelpDesk
from bot.dialogue.messages import Delivery, SendFailed
from core import staff, ticket_work
from core.refusals import TicketRefused
from core.staff import Member
from core.tables import AccountRequest, Message, Ticket
from core.ticket_history import Kind
from core.tickets import id_of
from tests.asking import MAIL_A_CODE, RECOVER
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.staff_room import GROUP, GroupOfStaff
from tests.telegram_server import Fault, TelegramServer
from tests.world import MailedCode, converse

STRANGER = 999


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer(quiet=0.05) as made:
        yield made


@pytest.fixture
async def group(office: Office, server: TelegramServer) -> GroupOfStaff:
    return GroupOfStaff(office, server)


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


async def test_staff_take_a_ticket_and_write_with_its_person_in_the_topic(
    group: GroupOfStaff, office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    await group.hears()
    assert await group.presses(ana, "Take it") == "Taken · Ana"
    assert f"Ana of the help desk has your ticket {number} now" in await person.hears()
    assert office.ticket(number).owner_id == ana.id
    assert await person.says("are you there?") == ""
    assert await group.hears() == "Person: are you there?"
    assert await group.says(ana, "Yes. Which *address* was it?") == ""
    assert await person.hears() == "Yes. Which *address* was it?"
    assert office.ticket(number).state == "waiting"
    assert await person.says("dana@example.org") == ""
    assert await group.hears() == "Person: dana@example.org"
    assert await group.presses(ana, "Resolve") == "Resolved · Ana"
    assert f"Your ticket {number} is resolved" in await person.hears()
    assert office.kinds(number) == ["opened", "taken", "person_wrote", "reply", "person_wrote", "resolved"]
    assert {each.partition(":")[0] for each in group.server.refused} == {"answerCallbackQuery"}, "it comes twice"
    assert all(group.server.chats.queries.values()), "a pressed button still shows the waiting sign"


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


async def test_a_message_that_begins_with_two_slashes_stays_with_staff(
    group: GroupOfStaff, office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    await group.hears()
    assert await group.says(ana, "// wrote from the same address before") == ""
    assert await person.hears() == ""
    assert [(each.kind, each.text) for each in office.history(number)][1:] == [
        ("note", "wrote from the same address before")
    ]


async def test_strangers_in_the_group_are_not_heard(
    group: GroupOfStaff, office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    await group.hears()
    assert await group.says(STRANGER, "I am the help desk") == ""
    assert await group.says(STRANGER, "/help") == ""
    for label in ("Take it", "Hand over", "Resolve"):
        assert await group.presses(STRANGER, label) == ""
    assert await person.hears() == ""
    assert office.kinds(number) == ["opened"]


async def test_who_was_disabled_is_a_stranger(group: GroupOfStaff, office: Office, ana: Member, person: Person) -> None:
    number = await ask_for_person(person)
    await group.hears()
    with office.database.transaction() as session:
        staff.disable(session, office.world.now, "Ana")
    assert await group.says(ana, "Hello?") == ""
    assert office.kinds(number) == ["opened"]


async def test_outside_of_the_topics_of_tickets_staff_talk_among_themselves(
    group: GroupOfStaff, office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    await group.hears()
    assert await group.says(ana, "Who has time today?", topic=0) == ""
    assert await group.says(ana, "/help", topic=0) == ""
    assert await group.says(ana, "Lunch?", topic=31) == ""
    assert office.kinds(number) == ["opened"]


async def test_that_the_person_has_blocked_the_bot_shows_in_the_topic(
    group: GroupOfStaff, office: Office, ana: Member, person: Person
) -> None:
    class Blocked(Person):
        async def send(self, delivery: Delivery) -> None:
            raise SendFailed("Forbidden: bot was blocked by the user", permanent=True, is_gone=True)

    await ask_for_person(person)
    await group.hears()
    assert await group.says(ana, "Which address was it?") == ""
    assert await group.hears() == ""
    await Blocked(office.world).hears()
    assert await group.hears() == (
        "Not delivered: Forbidden: bot was blocked by the user\nAna wrote: Which address was it?"
    )
    assert await group.hears() == ""


async def test_two_take_a_ticket_at_once_and_the_second_is_told(
    group: GroupOfStaff, office: Office, ana: Member, ben: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    await group.hears()

    async def both() -> None:
        for who in (ana, ben):
            await group.server.press(GROUP, "Take it", person=who.telegram_id or 0)

    said = [message.text for message in await group.during(both)]
    assert said == [
        "Ben, nothing was done:\nAna took this ticket meanwhile. Nothing was changed.",
        "Taken · Ana",
    ]
    assert office.ticket(number).owner_id == ana.id
    assert await group.presses(ben, "Take it from Ana") == "Taken · Ben"
    assert office.ticket(number).owner_id == ben.id


async def test_two_reply_at_once_and_the_second_is_told(
    group: GroupOfStaff, office: Office, ana: Member, ben: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    await group.hears()
    office.writes(ana, number, "From the pages")
    said = await group.says(ben, "From the group")
    assert "Ben, nothing was done:\nAna has replied meanwhile." in said
    assert "Reply · Ana\nFrom the pages" in said
    assert "From the group" not in await person.hears()
    assert await group.says(ben, "From the group") == ""
    assert await person.hears() == "From the group"


async def test_a_ticket_is_handed_over_by_buttons(
    group: GroupOfStaff, office: Office, ana: Member, ben: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    await group.hears()
    assert await group.presses(ana, "Hand over") == "To whom\n[Ana]\n[Ben]\n[Everybody (nobody's)]"
    assert await group.presses(ana, "Ben") == "Handed over · Ana\nBen"
    assert office.ticket(number).owner_id == ben.id
    assert await group.presses(ana, "Everybody (nobody's)") == "Handed over · Ana"
    assert office.ticket(number).owner_id is None


async def test_for_a_known_account_staff_start_what_the_bot_starts(
    group: GroupOfStaff, office: Office, ana: Member, person: Person
) -> None:
    await converse(person, [*RECOVER, (MAIL_A_CODE, "8 digits"), (MailedCode(), "")])
    number = await ask_for_person(person)
    card = await group.hears()
    assert f"Ticket {number} (verified)" in card
    assert "The bot was asked to: mail a code, mail the username" in card
    assert "[Send the activation mail again]" in card
    before = len(office.world.rows(AccountRequest))
    assert await group.presses(ana, "Start a password reset") == (
        "Started for the person · Ana\nmail a link for a new password"
    )
    requests = office.world.rows(AccountRequest)[before:]
    assert [(each.kind, each.proved_by) for each in requests] == [("reset_password", "staff")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("your password is Example123!", "looks like a password"),
        ("// the password is Example123!", "looks like a password"),
        ("x" * 50_000, "can be sent at once"),
        ("/start", "A message that begins with / is not sent"),
        ("//", "The note was empty"),
    ],
    ids=["password", "password in a note", "too long", "command", "empty note"],
)
async def test_what_cannot_be_sent_is_said_in_the_topic(
    text: str, why: str, group: GroupOfStaff, office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    await group.hears()
    said = await group.says(ana, text)
    assert said.startswith("Ana, nothing was done:")
    assert why in said
    assert await person.hears() == ""
    assert office.kinds(number) == ["opened"]
    typed = next(each for each in group.server.chats.open(GROUP).messages.values() if not each.by_bot)
    assert typed.deleted == ("password" in text), "a secret stays to be read, or what is none was deleted"


async def test_a_promise_that_is_nearly_over_is_told_in_the_topic(
    group: GroupOfStaff, office: Office, person: Person
) -> None:
    number = await ask_for_person(person)
    await group.hears()
    office.world.now = office.ticket(number).due_at - timedelta(hours=1)
    office.desk.keep_promises()
    assert await group.hears() == "Due soon"
    office.world.later(61)
    office.desk.keep_promises()
    assert await group.hears() == "A promise was missed; the person was told"


async def test_an_edited_message_is_not_sent_again(
    group: GroupOfStaff, office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    await group.hears()
    await group.says(ana, "Which adress?")
    sent = max(group.server.chats.open(GROUP).messages)

    async def edit() -> None:
        await group.server.edit(GROUP, sent, "Which address?", person=ana.telegram_id or 0)

    [said] = await group.during(edit)
    assert "cannot be changed" in said.text
    assert office.kinds(number).count(Kind.REPLY) == 1


async def test_a_reply_after_resolving_is_refused_with_a_button_that_opens_the_ticket(
    group: GroupOfStaff, office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    await group.hears()
    office.desk.resolve(ana, id_of(number))
    assert await group.hears() == "Resolved · Ana"
    assert "This ticket was resolved" in await group.says(ana, "One more thing")
    assert await group.presses(ana, "Open again") == "Opened again · Ana"
    assert await group.says(ana, "One more thing") == ""
    assert "One more thing" in await person.hears()


async def test_what_is_done_on_the_pages_is_told_in_the_topic(
    group: GroupOfStaff, office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    await group.hears()
    office.desk.note(ana, id_of(number), "Looks like 2")
    office.writes(ana, number, "Please look into *spam*")
    assert await group.hears() == "Note · Ana\nLooks like 2\n\nReply · Ana\nPlease look into *spam*"


async def test_a_ticket_that_was_resolved_before_the_group_heard_of_it_has_no_topic(
    group: GroupOfStaff, office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    office.desk.resolve(ana, id_of(number))
    assert await group.hears() == ""
    assert group.topics == []


async def test_a_topic_that_was_deleted_is_opened_anew_with_the_next_news(
    group: GroupOfStaff, office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    await group.hears()
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


async def test_what_is_refused_within_a_transaction_leaves_no_trace_in_it(
    office: Office, ana: Member, person: Person
) -> None:
    number = await ask_for_person(person)
    with office.database.transaction() as session:
        desk = office.desk.within(session)
        desk.note(ana, id_of(number), "kept")
        with pytest.raises(TicketRefused):
            _begin_and_be_refused(desk, ana, number)
        desk.note(ana, id_of(number), "kept as well")
    assert office.kinds(number) == ["opened", "note", "note"]


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


def _begin_and_be_refused(desk: HelpDesk, member: Member, number: int) -> None:
    with desk.work(member) as half_done:
        ticket_work.mark_step(half_done, id_of(number), "searched_spam")
        raise TicketRefused("ticket_resolved")
