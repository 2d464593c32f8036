"""What every test may use: a world of its own."""

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests import browser, postgres
from tests.databases import Databases
from tests.postgres import PostgreSQL
from tests.security.figures import pytest_terminal_summary
from tests.world import Chat, World

__all__ = ["pytest_terminal_summary"]  # so that it is called wherever the proofs ran


def pytest_configure(config: pytest.Config) -> None:
    """Fit the shipped knowledge once, before several processes would each."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        subprocess.run([sys.executable, "-m", "tests.matching"], check=True)


@pytest.fixture(scope="session")
def populated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a database with one account in each state."""
    folder = tmp_path_factory.mktemp("populated")
    world = World(folder)
    world.populate()
    world.close()  # whatever is still in the log beside the file goes into it
    return folder / "world.db"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Yield a PostgreSQL server, started for the first test that needs one."""
    with postgres.running() as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Yield a real browser, started for the first test that needs one."""
    async with browser.running() as started:
        yield started


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """Return what gives every test its database."""
    return Databases(tmp_path_factory.mktemp("databases"))


@pytest.fixture
def world(request: pytest.FixtureRequest, populated: Path, databases: Databases, tmp_path: Path) -> Iterator[World]:
    """Yield a world with one account in each state: on SQLite, or where the test says so (ON_BOTH)."""
    if getattr(request, "param", "sqlite") == "sqlite":
        shutil.copy(populated, tmp_path / "world.db")
        with databases.in_file(tmp_path / "world.db") as home:
            world = World(tmp_path, shared=home)
            yield world
            world.close()
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    with server.database() as url, databases.at_url(url) as home:
        world = World(tmp_path, url=url, shared=home)
        world.populate()
        yield world
        world.close()


@pytest.fixture
def url(databases: Databases, tmp_path: Path) -> str:
    """Return the address of a database with all tables, for several services within the test."""
    with databases.in_file(tmp_path / "services.db"):
        return f"sqlite:///{tmp_path}/services.db"


@pytest.fixture
def chat(world: World) -> Chat:
    """Return a private chat, straight at the dialogue."""
    return Chat(world)
