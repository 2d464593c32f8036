"""What tests of faults work with: the bot as a process, on SQLite or PostgreSQL."""

import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from tests.faults.service import ServiceProcess
from tests.postgres import PostgreSQL
from tests.telegram_server import TelegramServer


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    """Yield a Telegram."""
    async with TelegramServer() as telegram:
        yield telegram


@pytest.fixture
async def on_sqlite(telegram: TelegramServer, tmp_path: Path) -> AsyncIterator[ServiceProcess]:
    """Yield the bot on SQLite, started."""
    service = ServiceProcess(tmp_path, telegram, f"sqlite:///{tmp_path}/cersbot.db")
    await service.start()
    yield service
    await ended(service)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.prove)])
async def on_either(
    request: pytest.FixtureRequest, telegram: TelegramServer, postgresql: PostgreSQL, tmp_path: Path
) -> AsyncIterator[ServiceProcess]:
    """Yield the bot on SQLite and on PostgreSQL, started."""
    on_file = nullcontext(f"sqlite:///{tmp_path}/cersbot.db")
    with on_file if request.param == "sqlite" else postgresql.database() as url:
        service = ServiceProcess(tmp_path, telegram, url)
        await service.start()
        yield service
        await ended(service)


async def ended(service: ServiceProcess) -> None:
    """End what a test has left running."""
    if service.process and service.process.poll() is None:
        await service.end(signal.SIGKILL)


def integrity(file: Path) -> list[tuple[str]]:
    """Return what SQLite finds wrong with the file, or ok."""
    with closing(sqlite3.connect(file)) as database:
        return database.execute("PRAGMA integrity_check").fetchall()
