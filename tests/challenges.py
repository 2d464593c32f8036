"""The challenges that people were shown, read from the database: what is to be typed lies nowhere."""

from sqlalchemy import select

from core import verification
from core.database import Database
from core.keys import Keys
from core.tables import Challenge, Conversation


def reference(database: Database, number: int) -> str:
    """Return the reference of a challenge, by its row."""
    with database.reading() as session:
        return verification.reference(session.get_one(Challenge, number))


def newest(database: Database, keys: Keys, chat: str) -> str | None:
    """Return what is to be typed for the newest challenge of a chat; None where it has none."""
    its = select(Challenge).join(Conversation).where(Conversation.chat == chat).order_by(Challenge.id.desc()).limit(1)
    with database.reading() as session:
        challenge = session.scalars(its).one_or_none()
        if challenge is None:
            return None
        return verification.shown(keys, challenge.kind, verification.reference(challenge))
