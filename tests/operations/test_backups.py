"""Backups: whole, taken beside the work, readable by their owner alone, and without the secret key."""

import os
import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.operations.backups import BackupFailed, back_up
from core.database import Database
from core.tables import Account
from tests.databases import ON_BOTH
from tests.postgres import PostgreSQL
from tests.world import SECRET, World

pytestmark = ON_BOTH


@pytest.fixture(autouse=True)
def programs(postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pg_dump be the server's own."""
    monkeypatch.setenv("PATH", f"{postgresql.programs}{os.pathsep}{os.environ['PATH']}")


def test_a_backup_taken_beside_the_work_is_whole(world: World, postgresql: PostgreSQL, tmp_path: Path) -> None:
    target, over = tmp_path / "backup", threading.Event()

    def work() -> None:
        number = 0
        while not over.is_set():
            number += 1
            world.account(f"person{number}", f"p{number}@example.org")

    worker = threading.Thread(target=work)
    worker.start()
    database = world.database()
    try:
        back_up(database, target)
    finally:
        over.set()
        worker.join()
    assert (target.stat().st_mode & 0o777, list(tmp_path.glob("*.part"))) == (0o600, [])
    assert SECRET.encode() not in target.read_bytes()
    if database.file is not None:
        with closing(sqlite3.connect(target)) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert copy.execute("SELECT count(*) FROM accounts").fetchone()[0] >= 3
        return
    with postgresql.without_tables() as url:
        subprocess.run([postgresql.programs / "pg_restore", "--no-owner", "-d", url, target], check=True)
        restored = Database(url)
        with restored.transaction() as session:
            assert (session.scalar(select(func.count()).select_from(Account)) or 0) >= 3
        assert restored.is_current()
        restored.close()


def test_what_is_there_is_not_overwritten(world: World, tmp_path: Path) -> None:
    (tmp_path / "backup").write_text("precious")
    with pytest.raises(BackupFailed, match="is there already"):
        back_up(world.database(), tmp_path / "backup")
    assert (tmp_path / "backup").read_text() == "precious"


def test_a_place_that_is_not_there_is_named_and_nothing_left(world: World, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="nowhere"):
        back_up(world.database(), tmp_path / "nowhere" / "backup")


def test_a_damaged_database_is_no_backup(world: World, tmp_path: Path) -> None:
    database = world.database()
    if database.file is None:
        database = Database("postgresql://cersbot@127.0.0.1:1/nothing")
    else:
        with database.file.open("r+b") as file:
            file.seek(4096 * 3)
            file.write(b"\xff" * 4096 * 4)
    with pytest.raises(BackupFailed):
        back_up(database, tmp_path / "backup")
    database.close()
    assert not list(tmp_path.glob("backup*"))


def test_a_pg_dump_that_fails_and_says_nothing_is_no_backup(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pg_dump").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "pg_dump").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    database = Database("postgresql://cersbot@127.0.0.1:1/nothing")
    with pytest.raises(BackupFailed, match="ended with status 3 and said nothing"):
        back_up(database, tmp_path / "backup")
    database.close()
