"""Who is heard in the staff's group on Telegram, and who is not."""

import pytest

from core import staff, staff_in_settings
from core.staff import Member
from core.tables import AuditEvent
from tests.databases import ON_BOTH
from tests.desk.office import Office, Person
from tests.desk.staff_room import GroupOfStaff

STRANGER = 999


async def test_strangers_in_the_group_are_not_heard(
    group: GroupOfStaff, office: Office, ana: Member, person: Person, number: int
) -> None:
    assert await group.says(STRANGER, "I am the help desk") == ""
    assert await group.says(STRANGER, "/help") == ""
    for label in ("Take it", "Hand over", "Resolve"):
        assert await group.presses(STRANGER, label) == ""
    assert await person.hears() == ""
    assert office.kinds(number) == ["opened"]


async def test_who_was_disabled_is_a_stranger(group: GroupOfStaff, office: Office, ana: Member, number: int) -> None:
    with office.database.transaction() as session:
        staff.disable(session, office.world.now, "Ana")
    assert await group.says(ana, "Hello?") == ""
    assert office.kinds(number) == ["opened"]


async def test_outside_of_the_topics_of_tickets_staff_talk_among_themselves(
    group: GroupOfStaff, office: Office, ana: Member, number: int
) -> None:
    assert await group.says(ana, "Who has time today?", topic=0) == ""
    assert await group.says(ana, "/help", topic=0) == ""
    assert await group.says(ana, "Lunch?", topic=31) == ""
    assert office.kinds(number) == ["opened"]


@ON_BOTH
async def test_whom_the_settings_name_is_a_member_from_their_first_word_on(
    group: GroupOfStaff, office: Office, person: Person, number: int
) -> None:
    group.named = {STRANGER}
    assert await group.presses(STRANGER, "Take it") == "Taken · Pat"
    assert f"Pat of the help desk has your ticket {number} now" in await person.hears()
    assert await group.says(STRANGER, "Which address was it?") == ""
    assert await person.hears() == "Which address was it?"
    [pat] = office.everybody()
    assert (pat.name, pat.role, pat.telegram_id, pat.has_password) == ("Pat", "agent", STRANGER, False)
    assert [each.staff for each in office.history(number)] == ["", "Pat", "Pat"]
    added = [each.detail for each in office.world.rows(AuditEvent) if each.event == "staff.added"]
    assert added == [{"staff": pat.id, "role": "agent", "by": 0}]


async def test_a_colleagues_name_on_telegram_makes_nobody_that_colleague(
    group: GroupOfStaff, office: Office, person: Person, number: int
) -> None:
    pat = office.hire("PAT")
    group.named = {STRANGER}
    assert await group.presses(STRANGER, "Take it") == f"Taken · Pat {STRANGER}"
    assert [each.name for each in office.everybody()] == ["PAT", f"Pat {STRANGER}"]
    assert office.ticket(number).owner_id != pat.id


async def test_whoever_was_disabled_is_a_stranger_whatever_the_settings_say(
    group: GroupOfStaff, office: Office, ana: Member, person: Person, number: int
) -> None:
    with office.database.transaction() as session:
        staff.disable(session, office.world.now, "Ana")
    group.named = {501}
    assert await group.says(ana, "Hello?") == ""
    assert office.kinds(number) == ["opened"]
    assert len(office.everybody()) == 1


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("", f"Telegram {STRANGER}"),
        ("\u200b \u202e", f"Telegram {STRANGER}"),
        ("Ana\u202eb\nMar\u00eda", "Ana b Mar\u00eda"),
        ("x" * 200, "x" * 40),
    ],
)
async def test_a_name_from_telegram_is_shown_as_far_as_it_can_be(given: str, shown: str, office: Office) -> None:
    with office.database.transaction() as session:
        member = staff_in_settings.member(session, office.world.now, STRANGER, given, {STRANGER})
    assert member is not None
    assert member.name == shown
