"""The engine and its sessions: SQLite by default, PostgreSQL past one machine."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, inspect, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor, ExceptionContext
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry

from core.migrations import NEWEST

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
# SQLite: as many as there may be threads, for they are files. PostgreSQL runs a process for each and allows 100 of them
# unless told otherwise: four processes of the bot fit, and 64 threads that share 20 work as fast as with one each.
_SQLITE_CONNECTIONS = 80
POSTGRESQL_CONNECTIONS = 20
_WAIT_SECONDS = 30  # for a connection, and for SQLite's one writer in another process
# A server that is there answers at once; one whose machine has vanished is given up, so that the work can be repeated.
_POSTGRESQL = {"connect_timeout": 5, "tcp_user_timeout": 30_000, "application_name": "cersbot"}
# Alembic's state belongs to the process; other processes wait at the database.
_migrating = Lock()


class Database:
    """Opens transactions; a failed one leaves no trace."""

    def __init__(self, url: str) -> None:
        """Connect to `url` at the first use. The folder of an SQLite file is made when it is not there."""
        self.url = make_url(url)
        self.engine = _engine(self.url)
        self._reader = self.engine.execution_options(reading=True)
        # SQLite has one writer, and those who wait for it poll with growing pauses: with 8 threads the slowest turn in
        # a hundred took 335 ms, and takes 59 ms when they queue here first.
        self._writing = Lock() if self.url.get_backend_name() == "sqlite" else nullcontext()

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database; None for a database elsewhere."""
        is_sqlite = self.url.get_backend_name() == "sqlite"
        return Path(self.url.database).absolute() if is_sqlite and self.url.database else None

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Yield a session whose work is committed at the end, or rolled back by an exception."""
        with self._writing, Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session that only reads: it sees one state of the database, and waits for no writer."""
        with Session(self._reader, expire_on_commit=False) as session:
            yield session

    def migrate(self) -> None:
        """Bring the tables to the newest revision; nothing happens where they are."""
        if self.is_current():
            return
        from alembic import command  # takes 0.2 s: not at every start

        with _migrating, self.engine.connect() as connection:
            config = migration_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def is_current(self) -> bool:
        """Return whether the tables are at the newest revision."""
        with self._reader.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return False
            return set(connection.scalars(text("SELECT version_num FROM alembic_version"))) == {NEWEST}

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def insert(session: Session, table: type[DeclarativeBase] | Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT of this session's database that may say what to do `on_conflict`."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    return postgresql.insert(table) if is_postgresql else sqlite.insert(table)


def migration_config() -> "Config":
    """Return Alembic's configuration for the migrations beside this file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    engine = create_engine(
        url,
        connect_args=_POSTGRESQL,
        pool_size=POSTGRESQL_CONNECTIONS,
        max_overflow=0,
        pool_timeout=_WAIT_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,
    )

    # The details that PostgreSQL adds to a refusal quote the row.
    @event.listens_for(engine, "handle_error")
    def quote_nothing(context: ExceptionContext) -> None:
        diagnosis = getattr(context.original_exception, "diag", None)
        if diagnosis is None or diagnosis.message_primary is None:
            return
        is_about_a_value = diagnosis.sqlstate.startswith("22")
        said = f"SQLSTATE {diagnosis.sqlstate}" + ("" if is_about_a_value else f": {diagnosis.message_primary}")
        for error in filter(None, (context.original_exception, context.sqlalchemy_exception)):
            error.args = (said,)

    return engine


def _write_ahead(cursor: DBAPICursor) -> None:
    """Let the file have a write-ahead log. While another process gives a new file its own, SQLite refuses at once."""
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _sqlite_engine(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The driver begins nothing of itself (isolation_level None): `begin` below does.
    driver = {"timeout": _WAIT_SECONDS, "isolation_level": None}
    engine = create_engine(url, connect_args=driver, pool_size=_SQLITE_CONNECTIONS, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        _write_ahead(cursor)
        for pragma in ("synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    # A deferred transaction that reads, then writes, loses updates or fails at once; an immediate one waits its turn.
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
