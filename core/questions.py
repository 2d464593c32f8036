"""Questions as the transcripts hold them, redacted: those that the bot did not know, or was not sure of."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from core.tables import Conversation, Message, Ticket
from core.tickets import number_of


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that somebody asked; `meaning` is what the bot took it for, `ticket` the chat's newest, or 0."""

    id: int
    at: datetime
    text: str
    meaning: str
    ticket: int = 0


def is_question() -> ColumnElement[bool]:
    """Return what holds of a message that asked something, small talk among it."""
    return or_(Message.meaning.like("entry %"), Message.meaning.like("choose %"), Message.meaning == "unknown")


def in_vain(session: Session, language: str, since: datetime | None = None, most: int | None = None) -> list[Asked]:
    """Return what people asked in this language that the bot did not know, or was not sure of; oldest first.

    With `most`, the newest that many.
    """
    query = (
        select(Message.id, Message.at, Message.text, Message.meaning)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.author == "person", Conversation.language == language)
        .where(or_(Message.meaning.startswith("unknown"), Message.meaning.startswith("choose")))
        .order_by(Message.id.desc())
        .limit(most)
    )
    if since is not None:
        query = query.where(Message.at >= since)
    rows = session.execute(query).all()
    return [Asked(each.id, each.at, each.text, each.meaning) for each in reversed(rows)]


def asked(session: Session, messages: Collection[int], most: int = 200) -> list[Asked]:
    """Return these questions, newest first, those that are still there: a chat that is forgotten takes its own away."""
    newest = select(func.max(Ticket.id)).where(Ticket.conversation_id == Message.conversation_id).scalar_subquery()
    query = select(Message.id, Message.at, Message.text, Message.meaning, newest.label("ticket"))
    rows = session.execute(query.where(Message.id.in_(messages)).order_by(Message.id.desc()).limit(most))
    return [
        Asked(each.id, each.at, each.text, each.meaning, number_of(each.ticket) if each.ticket else 0) for each in rows
    ]
