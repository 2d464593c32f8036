"""What the tests of faults share: a Telegram, and a database that several processes may work on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.database import Database
from tests.telegram_server import TelegramServer


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    """Yield a Telegram."""
    async with TelegramServer(quiet=0.1) as server:
        yield server


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the address of a database with all tables."""
    database = Database(f"sqlite:///{tmp_path}/faults.db")
    database.migrate()
    database.close()
    return str(database.url)
