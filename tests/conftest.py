"""What every test may use: a world of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres
from tests.postgres import PostgreSQL
from tests.world import Chat, World


@pytest.fixture(scope="session")
def populated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a database with one account in each state."""
    folder = tmp_path_factory.mktemp("populated")
    world = World(folder)
    world.account("danalee1", "dana@example.org")
    world.account("omarwash", "omar@example.org", state="awaiting_activation", days_ago=2)
    world.account("luciafarm", "lucia@example.org", state="awaiting_activation", days_ago=40)
    return folder / "world.db"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Yield a PostgreSQL server, started for the first test that needs one."""
    with postgres.running() as server:
        yield server


@pytest.fixture
def world(populated: Path, tmp_path: Path) -> World:
    """Return a world with one account in each state."""
    shutil.copy(populated, tmp_path / "world.db")
    return World(tmp_path)


@pytest.fixture
def chat(world: World) -> Chat:
    """Return a private chat, straight at the dialogue."""
    return Chat(world)
