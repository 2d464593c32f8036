"""The challenges that people were shown, read from the database: what is to be typed lies nowhere."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from core import verification
from core.database import Database
from core.keys import Keys
from core.tables import Challenge

_NEWEST = (
    "SELECT h.id, h.kind, h.created_at, h.key_mark FROM challenges h JOIN conversations c ON c.id = h.conversation_id"
    " WHERE c.chat = ? ORDER BY h.id DESC LIMIT 1"
)


def reference(database: Database, number: int) -> str:
    """Return the reference of a challenge, by its row."""
    with database.reading() as session:
        return verification.reference(session.get_one(Challenge, number))


def newest(file: Path, keys: Keys, chat: str) -> str | None:
    """Return what is to be typed for the newest challenge of a chat of a service that runs; None where it has none."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        row = connection.execute(_NEWEST, (chat,)).fetchone()
    if row is None:
        return None
    number, kind, created_at, mark = row
    moment = datetime.fromisoformat(created_at).replace(tzinfo=UTC)
    challenge = Challenge(id=number, kind=kind, created_at=moment, key_mark=mark)
    return verification.shown(keys, kind, verification.reference(challenge))
