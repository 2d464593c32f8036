"""Pictures and files between staff in their group and people: passed on where that can be, and never dropped unsaid."""

import pytest

from core.staff import Member
from tests.databases import ON_BOTH
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.staff_room import GROUP, GroupOfStaff
from tests.desk.visitors import Visitor
from tests.telegram_server import Fault

CHAT = 17
SECRET = "my password is Example123!"


@pytest.fixture
async def on_telegram(group: GroupOfStaff, office: Office, ana: Member) -> int:
    """Return the number of a ticket of somebody on Telegram, which Ana has taken and the group has been told of."""
    made = await ask_for_person(Person(office.world, str(CHAT), "telegram"))
    group.server.chats.open(CHAT)
    office.take(ana, made)
    await group.hears()
    await group.person_hears(CHAT)
    return made


@ON_BOTH
async def test_what_staff_send_with_a_text_goes_to_a_person_on_telegram(
    group: GroupOfStaff, office: Office, ana: Member, on_telegram: int, at_desk: Visitor
) -> None:
    assert await group.sends(ana, "photo", "Look at the **red** button <here>") == ""
    [got] = await group.person_hears(CHAT)
    assert (got.content, got.text) == ("photo", "Look at the red button <here>")
    assert office.history(on_telegram)[-1].delivered == "sent"
    page = at_desk.opens(f"/desk/tickets/{on_telegram}")
    assert page.count("[a picture] Look at the red button <here>") == 2, "once said, once in the history"


@pytest.mark.parametrize("content", ["document", "voice", "video", "sticker", "location", "contact"])
async def test_what_staff_send_without_a_text_goes_as_well(
    content: str, group: GroupOfStaff, ana: Member, on_telegram: int
) -> None:
    assert await group.sends(ana, content) == ""
    assert [(each.content, each.text) for each in await group.person_hears(CHAT)] == [(content, "")]


async def test_what_telegram_copies_for_nobody_is_refused(
    group: GroupOfStaff, office: Office, ana: Member, on_telegram: int
) -> None:
    for content in ("poll", "dice"):
        said = await group.sends(ana, content)
        assert said.startswith("Ana, nothing was done:\nMessages of this kind cannot be passed on."), said
    assert await group.person_hears(CHAT) == []
    assert "reply" not in office.kinds(on_telegram)


async def test_a_picture_for_somebody_who_is_not_on_telegram_is_refused_in_words(
    group: GroupOfStaff, office: Office, ana: Member, person: Person, number: int
) -> None:
    said = await group.sends(ana, "photo")
    assert said == (
        "Ana, nothing was done:\nOnly text reaches this person, who does not write on Telegram. Describe it in words."
    )
    assert office.kinds(number) == ["opened"]


async def test_its_text_goes_to_them_and_staff_hear_that_the_picture_did_not(
    group: GroupOfStaff, office: Office, ana: Member, person: Person, number: int
) -> None:
    said = await group.sends(ana, "document", "The form is attached")
    assert said.startswith("Ana, your text was sent, but not what came with it")
    heard = await person.hears()
    assert heard.endswith("The form is attached")
    assert office.history(number)[-1].text == "The form is attached"


async def test_a_picture_with_a_note_stays_with_staff(
    group: GroupOfStaff, office: Office, ana: Member, on_telegram: int
) -> None:
    assert await group.sends(ana, "photo", "// the screen") == ""
    assert await group.person_hears(CHAT) == []
    assert (office.history(on_telegram)[-1].kind, office.history(on_telegram)[-1].text) == (
        "note",
        "[photo] the screen",
    )


async def test_a_picture_with_a_password_under_it_is_not_sent_and_deleted(
    group: GroupOfStaff, office: Office, ana: Member, on_telegram: int
) -> None:
    assert "looks like a password" in await group.sends(ana, "photo", "your password is Example123!")
    assert await group.person_hears(CHAT) == []
    assert [each.deleted for each in group.server.chats.open(GROUP).messages.values() if each.content] == [True]


async def test_a_picture_that_was_deleted_meanwhile_shows_as_not_delivered(
    group: GroupOfStaff, ana: Member, on_telegram: int
) -> None:
    await group.sends(ana, "photo", "Look")
    [picture] = [each for each in group.server.chats.open(GROUP).messages.values() if each.content]
    picture.deleted = True
    assert await group.person_hears(CHAT) == []
    assert await group.hears() == ("Not delivered: Message to copy not found\nAna wrote: [a picture] Look")


@ON_BOTH
async def test_what_a_person_sends_is_told_and_copied_into_the_topic(
    group: GroupOfStaff, on_telegram: int, at_desk: Visitor
) -> None:
    line, copy = await group.person_sends(CHAT, "photo", "It says this")
    assert line.text == "Person: [a picture] It says this"
    assert (copy.content, copy.text, copy.topic) == ("photo", "From the person", group.topic)
    line, copy = await group.person_sends(CHAT, "document")
    assert (line.text, copy.content) == ("Person: [a file]", "document")
    assert await group.hears() == ""
    page = at_desk.opens(f"/desk/tickets/{on_telegram}")
    assert "[a picture] It says this" in page
    assert "[a file]" in page


async def test_s2_what_a_person_sends_with_a_password_under_it_is_told_and_not_copied(
    group: GroupOfStaff, on_telegram: int
) -> None:
    [line] = await group.person_sends(CHAT, "photo", SECRET)
    assert line.text.startswith("Person: [a picture]")
    assert "Example123!" not in line.text


async def test_a_picture_that_cannot_be_copied_is_told_all_the_same(group: GroupOfStaff, on_telegram: int) -> None:
    gone = Fault("copyMessage", "refuse", status=400, description="Bad Request: message to copy not found")
    group.server.faults.append(gone)
    line, why = await group.person_sends(CHAT, "photo")
    assert (line.text, why.text) == (
        "Person: [a picture]",
        "What the person sent could not be copied here: Message to copy not found",
    )


async def test_while_telegram_takes_no_copy_nothing_else_is_repeated(
    group: GroupOfStaff, office: Office, on_telegram: int
) -> None:
    group.server.faults.append(Fault("copyMessage", "refuse", status=429, retry_after=1))
    [line] = await group.person_sends(CHAT, "photo")
    assert line.text == "Person: [a picture]"
    office.world.later(1)
    [copy] = await group.during(_nothing)
    assert copy.content == "photo"


async def _nothing() -> None:
    pass
