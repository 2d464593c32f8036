"""What Alembic runs: all missing migrations in one transaction, on the connection that `core.database` hands in."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from alembic import context
from sqlalchemy import Connection, text

from core.tables import Base

# Any number, the same in every process: on PostgreSQL whoever migrates first makes the others wait.
_MIGRATING = 20140212


def migrate(connection: Connection) -> None:
    """Run what is missing, or leave everything as it was."""
    is_sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transactional_ddl=True,
        render_as_batch=is_sqlite,
        compare_type=True,
    )
    with _without_foreign_keys(connection), context.begin_transaction():
        if not is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
        context.run_migrations()
        if is_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise RuntimeError("a migration would leave rows that refer to nothing; nothing was changed")


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew; dropping the old one would delete whatever refers to its rows."""
    if connection.dialect.name != "sqlite":
        yield
        return
    cursor = connection.connection.cursor()
    try:
        cursor.execute("PRAGMA foreign_keys=OFF")
        yield
    finally:
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()


migrate(cast(Connection, context.config.attributes["connection"]))
