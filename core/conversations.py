"""Conversations: one row a chat, locked for a turn; its transcript; and how all of it is forgotten."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from core import audit, database
from core.context import Context
from core.tables import AccountRequest, Challenge, Conversation, FollowUp, Message, Owed
from core.verification import SEND_CODE


@dataclass(slots=True)
class Held:
    """A conversation while one turn holds it; `state` is the dialogue's own."""

    id: int
    channel: str
    chat: str
    language: str
    state: dict[str, Any]
    touched_at: datetime | None  # None: this is its first message


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the transcript, redacted already; `meaning` says what the turn took it for."""

    author: str  # person, bot or staff
    text: str
    meaning: str


def hold(session: Session, channel: str, chat: str, language: str, now: datetime) -> Held:
    """Return the conversation, begun when it is new; nobody else has it until the transaction ends."""
    query = select(Conversation).where(Conversation.channel == channel, Conversation.chat == chat).with_for_update()
    row = session.scalars(query).one_or_none()
    if row is None:
        session.execute(
            database.insert(session, Conversation)
            .values(channel=channel, chat=chat, language=language, state={}, created_at=now, touched_at=now)
            .on_conflict_do_nothing(index_elements=["channel", "chat"])
        )
        row = session.scalars(query).one()
        return Held(row.id, channel, chat, row.language, row.state, None)
    return Held(row.id, channel, chat, row.language, row.state, row.touched_at)


def hold_by_id(session: Session, conversation: int) -> Held:
    """Return a conversation that exists, locked likewise."""
    row = session.scalars(select(Conversation).where(Conversation.id == conversation).with_for_update()).one()
    return Held(row.id, row.channel, row.chat, row.language, row.state, row.touched_at)


def save(session: Session, held: Held, lines: list[Line], now: datetime) -> None:
    """Write what the turn made of the conversation, and its lines of the transcript."""
    session.execute(
        update(Conversation)
        .where(Conversation.id == held.id)
        .values(state=held.state, language=held.language, touched_at=now)
    )
    if lines:
        session.execute(
            insert(Message),
            [
                {
                    "conversation_id": held.id,
                    "at": now,
                    "author": each.author,
                    "text": each.text,
                    "meaning": each.meaning,
                }
                for each in lines
            ],
        )


def transcript(session: Session, conversation: int, limit: int = 200) -> list[Line]:
    """Return the last lines of a conversation, oldest first."""
    rows = session.scalars(
        select(Message).where(Message.conversation_id == conversation).order_by(Message.id.desc()).limit(limit)
    ).all()
    return [Line(row.author, row.text, row.meaning) for row in reversed(rows)]


def forget(context: Context) -> None:
    """Delete what this chat left here: transcript, challenges, requests, follow-ups and unsent replies.

    Tickets stay, because somebody is working on them; a letter that was promised still goes out (G3); accounts are not
    a matter of the chat.
    """
    mine, session = context.conversation, context.session
    promised = (AccountRequest.resolved_at.is_(None), AccountRequest.kind != SEND_CODE)
    session.execute(
        update(AccountRequest).where(AccountRequest.conversation_id == mine, *promised).values(conversation_id=None)
    )
    for table in (Message, FollowUp, AccountRequest, Challenge):
        session.execute(delete(table).where(table.conversation_id == mine))
    audit.record(session, audit.Event.CONVERSATION_FORGOTTEN, now=context.now, conversation_id=mine)
    session.execute(delete(Owed).where(Owed.conversation_id == mine, Owed.settled_at.is_(None)))


def keyboard(session: Session, conversation: int) -> str | None:
    """Return the channel's id of the message that carries the live buttons, if any."""
    return session.scalar(select(Conversation.keyboard).where(Conversation.id == conversation))


def keep_keyboard(session: Session, conversation: int, message: str | None) -> None:
    """Note which message carries the live buttons now."""
    session.execute(update(Conversation).where(Conversation.id == conversation).values(keyboard=message))
