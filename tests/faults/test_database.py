"""Faults of the database, locked, gone or full: nothing is lost or done twice, and it is ready again in 30 seconds."""

import asyncio
import contextlib
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.faults.conftest import ended, integrity
from tests.faults.service import ServiceProcess
from tests.postgres import PostgreSQL
from tests.telegram_server import TelegramServer

CHATS = 10


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Let another program have SQLite's file for itself."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("seconds", [0, pytest.param(30, marks=pytest.mark.prove)])
async def test_while_sqlite_is_locked_messages_wait(on_sqlite: ServiceProcess, tmp_path: Path, seconds: float) -> None:
    await on_sqlite.say(CHATS, 1)
    await on_sqlite.everybody_is_answered(30)
    with locked(tmp_path / "cersbot.db"):
        await on_sqlite.say(CHATS, 2)
        await on_sqlite.becomes_unready(20, "database")
        await asyncio.sleep(seconds)
        assert await on_sqlite.missing() == ["database"]
        await on_sqlite.say(CHATS, 3)
    await on_sqlite.becomes_ready(30)
    await on_sqlite.everybody_is_answered(60)
    on_sqlite.check()
    assert integrity(tmp_path / "cersbot.db") == [("ok",)]


@pytest.fixture
async def with_its_server(
    telegram: TelegramServer, postgresql: PostgreSQL, tmp_path: Path
) -> AsyncIterator[tuple[ServiceProcess, PostgreSQL]]:
    """Yield the bot, started, and its PostgreSQL, which runs again when the test is over."""
    with postgresql.database() as url:
        service = ServiceProcess(tmp_path, telegram, url)
        await service.start()
        yield service, postgresql
        await ended(service)
        postgresql.start()


@pytest.mark.parametrize("seconds", [1, pytest.param(600, marks=pytest.mark.prove)])
async def test_while_postgresql_is_gone_messages_wait(
    with_its_server: tuple[ServiceProcess, PostgreSQL], seconds: float
) -> None:
    service, server = with_its_server
    await service.say(CHATS, 1)
    await service.everybody_is_answered(30)
    await service.say(CHATS, 2)
    server.stop(signal.SIGQUIT)
    await service.becomes_unready(10, "database")
    await service.say(CHATS, 3)
    await asyncio.sleep(seconds)
    server.start()
    await service.becomes_ready(30)
    await service.everybody_is_answered(60)
    service.check(repeated=CHATS)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Let the folder lie on a disk of 24 megabytes; skip where that is not allowed."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(file: Path) -> None:
    """Let another program take what room there is."""
    with contextlib.suppress(OSError), file.open("wb", buffering=0) as other:
        while other.write(bytes(4096)):
            pass


async def test_while_the_disk_is_full_messages_wait(telegram: TelegramServer, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk):
        service = ServiceProcess(tmp_path, telegram, f"sqlite:///{disk}/cersbot.db")
        await service.start()
        await service.say(CHATS, 1)
        await service.everybody_is_answered(30)
        fill(disk / "other")
        await service.becomes_unready(10, "disk")
        for round_ in range(2, 6):
            await service.say(CHATS, round_)
        await service.logs("full", 20)
        (disk / "other").unlink()
        await service.becomes_ready(30)
        await service.everybody_is_answered(60)
        assert (await service.end(signal.SIGTERM))[0] == 0
        service.check()
        assert integrity(disk / "cersbot.db") == [("ok",)]
