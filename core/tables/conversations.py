"""The tables of conversations: their state, their lines, and the questions that the bot will ask of itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.tables.base import IDS_NEVER_COME_BACK, UNSETTLED, Base


class Conversation(Base):
    """One chat on one channel, with the dialogue's state."""

    __tablename__ = "conversations"
    __table_args__ = (UniqueConstraint("channel", "chat"), IDS_NEVER_COME_BACK)

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str]
    chat: Mapped[str]
    language: Mapped[str]
    state: Mapped[dict[str, Any]]
    keyboard: Mapped[str | None]
    taken_over_by: Mapped[int | None]  # the ticket of which a person of staff has this chat, while the bot is quiet
    created_at: Mapped[datetime]
    touched_at: Mapped[datetime]
    free_at: Mapped[datetime | None]
    unreachable_at: Mapped[datetime | None]


class Message(Base):
    """One line of a conversation's transcript, redacted before it is written."""

    __tablename__ = "messages"
    __table_args__ = (Index("messages_by_time", "at", "author"), Index("messages_in_order", "conversation_id", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    author: Mapped[str]
    text: Mapped[str]
    meaning: Mapped[str]
    # Where people read their transcript itself, on the web: the buttons and the picture that a line of the bot has.
    shown: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class FollowUp(Base):
    """A question that the bot will ask of itself when its time comes."""

    __tablename__ = "follow_ups"
    __table_args__ = (Index("follow_ups_due", "due_at", sqlite_where=UNSETTLED, postgresql_where=UNSETTLED),)

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    flow: Mapped[str]
    given: Mapped[dict[str, Any]]
    due_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
