"""The queue's page over HTTP, without scripts: filters, search, counts, page by page."""

import re
from urllib.parse import urlencode

import pytest

from core import tickets
from core.office_days import STATE_OFFICES
from core.ticket_queue import Filters, page
from core.tickets import STATES, id_of
from tests.databases import ON_BOTH
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.visitors import Visitor


@ON_BOTH
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


@pytest.mark.parametrize(
    "words",
    ["916-555-0142", "9165550142", "(916) 555 0142", "+1 916 555 0142", "555-0142", "5550142", "916 555"],
)
async def test_a_telephone_number_is_found_however_it_is_written(office: Office, at_desk: Visitor, words: str) -> None:
    theirs = await ask_for_person(Person(office.world, "1"), "Please call me at (916) 555-0142, nobody writes back")
    other = await ask_for_person(Person(office.world, "2"), "Please call me at 916.555.0199, nobody writes back")
    shown = at_desk.opens(f"/desk?{urlencode({'words': words})}")
    assert str(theirs) in shown
    assert (str(other) in shown) == (words == "916 555")


@pytest.mark.parametrize("words", ["10123456", "10987654", "2026-11-02", "10123456 10987654"])
async def test_numbers_beside_each_other_and_dates_are_found_as_words(
    office: Office, at_desk: Visitor, words: str
) -> None:
    number = await ask_for_person(Person(office.world, "1"), "CERS IDs 10123456 10987654, since 7 2026-11-02")
    assert str(number) in at_desk.opens(f"/desk?{urlencode({'words': words})}")


async def test_where_all_are_shown_what_was_resolved_long_ago_is_not_before_what_is_new(
    office: Office, at_desk: Visitor
) -> None:
    old = await ask_for_person(Person(office.world, "1"))
    office.desk.resolve(office.members["Ana"], id_of(old))
    office.world.later(60 * 24 * 5)
    at_desk.signs_in("Ana")
    new = await ask_for_person(Person(office.world, "2"))
    shown = at_desk.opens("/desk?state=all")
    assert shown.index(str(new)) < shown.index(str(old))


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


@ON_BOTH
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
