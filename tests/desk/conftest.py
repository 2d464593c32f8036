"""What tests of the help desk share: an office with two members of staff, a person, pages and the staff's group."""

from collections.abc import AsyncIterator, Iterator

import pytest

from core.staff import Member
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.staff_room import GroupOfStaff
from tests.desk.visitors import Visitor, give_password
from tests.telegram_server import TelegramServer
from tests.world import World


@pytest.fixture
def office(world: World) -> Iterator[Office]:
    """Yield a help desk."""
    made = Office(world)
    yield made
    made.database.close()


@pytest.fixture
def ana(office: Office) -> Member:
    """Return somebody of staff."""
    return office.hire("Ana", telegram_id=501)


@pytest.fixture
def ben(office: Office) -> Member:
    """Return a colleague."""
    return office.hire("Ben", telegram_id=502)


@pytest.fixture
def person(world: World) -> Person:
    """Return somebody in a chat."""
    return Person(world)


@pytest.fixture
def at_desk(office: Office, ana: Member) -> Visitor:
    """Return Ana, signed in at the pages."""
    give_password(office, ana)
    visitor = Visitor(office)
    visitor.signs_in("Ana")
    return visitor


@pytest.fixture
def ben_at_desk(office: Office, ben: Member) -> Visitor:
    """Return Ben, signed in elsewhere."""
    give_password(office, ben)
    visitor = Visitor(office, network="198.51.100.9")
    visitor.signs_in("Ben")
    return visitor


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    """Yield a Telegram on which nothing slows the bot down."""
    async with TelegramServer(quiet=0.05) as made:
        yield made


@pytest.fixture
async def group(office: Office, server: TelegramServer) -> GroupOfStaff:
    """Return the staff's group."""
    return GroupOfStaff(office, server)


@pytest.fixture
async def number(group: GroupOfStaff, person: Person) -> int:
    """Return the number of a ticket of the person, of which the group has been told."""
    made = await ask_for_person(person)
    await group.hears()
    return made
