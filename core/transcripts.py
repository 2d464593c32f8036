"""Transcripts as their own person reads them on a chat's page: the newest lines, and whether there are newer ones."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from core import continuing, verification
from core.tables import Base, Challenge, Conversation, Message

LINES = 60
CHARACTERS = 24_000  # of the lines of one page, so that it loads at once

CONVERSATIONS = Base.metadata.tables["conversations"]
MESSAGES = Base.metadata.tables["messages"]
_NEWEST = select(func.max(MESSAGES.c.id)).where(MESSAGES.c.conversation_id == CONVERSATIONS.c.id).scalar_subquery()
_VERSIONS = select(CONVERSATIONS.c.chat, CONVERSATIONS.c.state["stamp"].as_string(), _NEWEST).where(
    CONVERSATIONS.c.channel == bindparam("of_channel"), CONVERSATIONS.c.chat.in_(bindparam("chats", expanding=True))
)


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One line: `shown` is what it has beside its text (see `core.tables.Message`)."""

    id: int
    at: datetime
    author: str
    text: str
    shown: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Transcript:
    """The newest lines of a chat, oldest first; `state` is the dialogue's own, `earlier` says that there are more."""

    conversation: int
    language: str
    state: dict[str, Any]
    lines: list[ShownLine]
    earlier: bool
    continues: frozenset[str]  # references of challenges whose code can still be used to go on elsewhere


def read(session: Session, channel: str, chat: str, now: datetime, before: int | None = None) -> Transcript | None:
    """Return the newest lines of a chat (of those `before` a line), as many as one page holds; None for a new chat."""
    found = session.execute(
        select(Conversation.id, Conversation.language, Conversation.state).where(
            Conversation.channel == channel, Conversation.chat == chat
        )
    ).one_or_none()
    if found is None:
        return None
    query = select(Message.id, Message.at, Message.author, Message.text, Message.shown).where(
        Message.conversation_id == found.id
    )
    if before is not None:
        query = query.where(Message.id < before)
    lines: list[ShownLine] = []
    room = CHARACTERS
    rows = session.execute(query.order_by(Message.id.desc()).limit(LINES + 1)).all()
    for row in rows[:LINES]:
        room -= len(row.text)
        if room < 0 and lines:
            break
        lines.append(ShownLine(row.id, row.at, row.author, row.text, row.shown))
    usable = (
        Challenge.kind == continuing.KIND,
        Challenge.superseded_at.is_(None),
        Challenge.consumed_at.is_(None),
        Challenge.expires_at > now,
    )
    mine = session.scalars(select(Challenge).where(Challenge.conversation_id == found.id, *usable))
    continues = frozenset(verification.reference(each) for each in mine)
    return Transcript(found.id, found.language, found.state, lines[::-1], len(lines) < len(rows), continues)


def versions(session: Session, channel: str, chats: Collection[str]) -> dict[str, str]:
    """Return, in one statement, what changes with every turn and every line of each chat that is known."""
    rows = session.connection().execute(_VERSIONS, {"of_channel": channel, "chats": list(chats)})
    return {chat: f"{stamp}.{newest}" for chat, stamp, newest in rows}


def asked(session: Session, channel: str, chat: str, kind: str, number: int) -> str | None:
    """Return the reference of a challenge of this kind, by its row, where the chat has to pass it: it may be shown."""
    mine = (Conversation.channel == channel, Conversation.chat == chat)
    this = (Challenge.id == number, Challenge.kind == kind, Challenge.superseded_at.is_(None))
    open_ = (Challenge.passed_at.is_(None), Challenge.consumed_at.is_(None))
    joined = select(Challenge).join(Conversation, Conversation.id == Challenge.conversation_id)
    row = session.scalars(joined.where(*mine, *this, *open_)).one_or_none()
    return None if row is None else verification.reference(row)
