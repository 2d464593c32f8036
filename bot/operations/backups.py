"""Backups: a copy of the database as it is at one moment, taken while the service runs; never of the secret key."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL

from core.database import Database


class BackupFailed(Exception):
    """There is no backup; the message says why, and what to do."""


def back_up(database: Database, target: Path) -> None:
    """Write a backup to `target`, readable by its owner alone; BackupFailed, and then nothing is there.

    SQLite: a database file, checked as a whole. PostgreSQL: pg_dump's custom format, for pg_restore.
    """
    if target.exists():
        raise BackupFailed(f"{target} is there already: name a file that is not.")
    unfinished = target.with_name(f"{target.name}.part")
    try:
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        if database.file is None:
            _dump_postgresql(database.url, unfinished)
        else:
            _copy_sqlite(database.file, unfinished)
        with unfinished.open("rb") as written:
            os.fsync(written.fileno())
        unfinished.rename(target)
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(f"{target} could not be written: {error}.") from None
    finally:
        unfinished.unlink(missing_ok=True)


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.is_file():
        raise BackupFailed(f"There is no database at {source}: check CERSBOT_DATABASE_URL.")
    with closing(sqlite3.connect(source, timeout=30)) as original, closing(sqlite3.connect(target)) as copy:
        original.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, complete in itself
    if found := damage(target):
        raise BackupFailed(f"The database is damaged, and so would the backup be: {found}.")


def damage(file: Path) -> str:
    """Return what is broken in an SQLite database, by SQLite's own check; nothing where it is whole."""
    try:
        with closing(sqlite3.connect(file, timeout=30)) as database:
            found = [row[0] for row in database.execute("PRAGMA integrity_check(3)")]
    except sqlite3.OperationalError:  # it is locked or cannot be opened, which says nothing about what is in it
        raise
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == ["ok"] else "; ".join(found)


def _dump_postgresql(url: URL, target: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise BackupFailed("PostgreSQL is backed up by its own pg_dump: install it (apt install postgresql-client).")
    address = url.set(drivername="postgresql", password=None).render_as_string()
    password = {"PGPASSWORD": str(url.password)} if url.password else {}  # a command line is for all to see
    done = subprocess.run(
        [program, "--format=custom", "--no-owner", f"--file={target}", f"--dbname={address}"],
        env={**os.environ, **password},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"it ended with status {done.returncode} and said nothing"]
        raise BackupFailed(f"pg_dump failed: {said[-1]}")
