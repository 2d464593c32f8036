"""What tests of the help desk share: an office with two members of staff, and a person."""

from collections.abc import Iterator

import pytest

from core.staff import Member
from tests.desk.office import Office, Person
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
