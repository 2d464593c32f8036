"""What lies in a database, as whoever steals it reads it."""

from pathlib import Path

from sqlalchemy import select

from core.database import Database
from core.tables import Base


def stored(database: Database) -> bytes:
    """Return SQLite's files as they are, what was deleted among it; of PostgreSQL every value of every row."""
    if database.url.get_backend_name() == "sqlite":
        assert database.url.database is not None
        database.close()
        file = Path(database.url.database)
        return b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
    with database.engine.connect() as connection:
        rows = [row for table in Base.metadata.sorted_tables for row in connection.execute(select(table))]
    database.close()
    return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row)
