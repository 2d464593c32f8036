"""The engine and its sessions: SQLite by default, PostgreSQL past one machine."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from core.migrations import NEWEST

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
# Threads that may work on the database at once. Errors never quote what was stored (hide_parameters).
_CONNECTIONS = 32
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
        with self.engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return False
            return set(connection.scalars(text("SELECT version_num FROM alembic_version"))) == {NEWEST}

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def migration_config() -> "Config":
    """Return Alembic's configuration for the migrations beside this file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    return create_engine(url, pool_size=_CONNECTIONS, pool_pre_ping=True, hide_parameters=True)


def _sqlite_engine(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The driver begins nothing of itself (isolation_level None): `begin` below does.
    driver = {"timeout": 30, "isolation_level": None}
    engine = create_engine(url, connect_args=driver, pool_size=_CONNECTIONS, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    # A deferred transaction that reads, then writes, loses updates or fails at once; an immediate one waits its turn.
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
