"""What tests of the core work with: a migrated database, keys, and a moment."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.database import Database
from core.keys import Keys
from tests.core.desks import Desks
from tests.databases import Databases
from tests.people import SECRET
from tests.postgres import PostgreSQL


@pytest.fixture
def now() -> datetime:
    """Return a Monday morning in California."""
    return datetime(2026, 11, 16, 18, 0, tzinfo=UTC)


@pytest.fixture
def keys() -> Keys:
    """Return the keys of the tests."""
    return Keys(SECRET)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Iterator[Database]:
    """Yield a new database with all tables: every test of it runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        with databases.in_file(tmp_path / "core.db") as database:
            yield database
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    with server.database() as url, databases.at_url(url) as database:
        yield database


@pytest.fixture
def sqlite(databases: Databases, tmp_path: Path) -> Iterator[Database]:
    """Yield a new SQLite database, for tests of what SQLite alone does."""
    with databases.in_file(tmp_path / "core.db") as database:
        yield database


@pytest.fixture
def desks(database: Database, keys: Keys, now: datetime) -> Desks:
    """Return a help desk with an account whose mailbox is lost."""
    return Desks(database, keys, now)
