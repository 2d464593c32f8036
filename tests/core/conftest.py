"""What tests of the core work with: a migrated database, keys, and a moment."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.database import Database
from core.keys import Keys
from tests.people import SECRET


@pytest.fixture
def now() -> datetime:
    """Return a Monday morning in California."""
    return datetime(2026, 11, 16, 18, 0, tzinfo=UTC)


@pytest.fixture
def keys() -> Keys:
    """Return the keys of the tests."""
    return Keys(SECRET)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Yield a new SQLite database with all tables."""
    database = Database(f"sqlite:///{tmp_path}/core.db")
    database.migrate()
    yield database
    database.close()
