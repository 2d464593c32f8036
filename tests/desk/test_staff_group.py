"""Staff work in their group on Telegram: a topic a ticket, and what is written there reaches the person."""

import pytest

from bot.desk.help_desk import HelpDesk
from bot.dialogue.messages import Delivery, SendFailed
from core import ticket_work
from core.refusals import TicketRefused
from core.staff import Member
from core.tables import AccountRequest
from core.ticket_history import Kind
from core.tickets import id_of
from tests.asking import MAIL_A_CODE, RECOVER
from tests.databases import ON_BOTH
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.staff_room import GROUP, GroupOfStaff
from tests.world import MailedCode, converse


@ON_BOTH
async def test_staff_take_a_ticket_and_write_with_its_person_in_the_topic(
    group: GroupOfStaff, office: Office, ana: Member, person: Person, number: int
) -> None:
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
    assert await group.presses(ana, "Resolve") == "Resolved · Ana\n[Open again]"
    assert f"Your ticket {number} is resolved" in await person.hears()
    assert office.kinds(number) == ["opened", "taken", "person_wrote", "reply", "person_wrote", "resolved"]
    assert {each.partition(":")[0] for each in group.server.refused} == {"answerCallbackQuery"}, "it comes twice"
    assert all(group.server.chats.queries.values()), "a pressed button still shows the waiting sign"


async def test_a_message_that_begins_with_two_slashes_stays_with_staff(
    group: GroupOfStaff, office: Office, ana: Member, person: Person, number: int
) -> None:
    assert await group.says(ana, "// wrote from the same address before") == ""
    assert await person.hears() == ""
    assert [(each.kind, each.text) for each in office.history(number)][1:] == [
        ("note", "wrote from the same address before")
    ]


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


@ON_BOTH
async def test_two_take_a_ticket_at_once_and_the_second_is_told(
    group: GroupOfStaff, office: Office, ana: Member, ben: Member, person: Person, number: int
) -> None:

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
    group: GroupOfStaff, office: Office, ana: Member, ben: Member, person: Person, number: int
) -> None:
    office.writes(ana, number, "From the pages")
    said = await group.says(ben, "From the group")
    assert "Ben, nothing was done:\nAna has replied meanwhile." in said
    assert "Reply · Ana\nFrom the pages" in said
    assert "From the group" not in await person.hears()
    assert await group.says(ben, "From the group") == ""
    assert await person.hears() == "From the group"


async def test_a_ticket_is_handed_over_by_buttons(
    group: GroupOfStaff, office: Office, ana: Member, ben: Member, number: int
) -> None:
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
    text: str, why: str, group: GroupOfStaff, office: Office, ana: Member, person: Person, number: int
) -> None:
    said = await group.says(ana, text)
    assert said.startswith("Ana, nothing was done:")
    assert why in said
    assert await person.hears() == ""
    assert office.kinds(number) == ["opened"]
    typed = next(each for each in group.server.chats.open(GROUP).messages.values() if not each.by_bot)
    assert typed.deleted == ("password" in text), "a secret stays to be read, or what is none was deleted"


async def test_an_edited_message_is_not_sent_again(
    group: GroupOfStaff, office: Office, ana: Member, person: Person, number: int
) -> None:
    await group.says(ana, "Which adress?")
    sent = max(group.server.chats.open(GROUP).messages)

    async def edit() -> None:
        await group.server.edit(GROUP, sent, "Which address?", person=ana.telegram_id or 0)

    [said] = await group.during(edit)
    assert "cannot be changed" in said.text
    assert office.kinds(number).count(Kind.REPLY) == 1


async def test_a_reply_after_resolving_is_refused_with_a_button_that_opens_the_ticket(
    group: GroupOfStaff, office: Office, ana: Member, person: Person, number: int
) -> None:
    office.desk.resolve(ana, id_of(number))
    assert await group.hears() == "Resolved · Ana\n[Open again]"
    assert "This ticket was resolved" in await group.says(ana, "One more thing")
    assert await group.presses(ana, "Open again") == "Opened again · Ana"
    assert await group.says(ana, "One more thing") == ""
    assert "One more thing" in await person.hears()


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


def _begin_and_be_refused(desk: HelpDesk, member: Member, number: int) -> None:
    with desk.work(member) as half_done:
        ticket_work.mark_step(half_done, id_of(number), "searched_spam")
        raise TicketRefused("ticket_resolved")
