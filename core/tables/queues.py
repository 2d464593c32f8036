"""The tables of what comes in and what has to leave, and of what processes agree on between them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.tables.base import UNSETTLED, Base

_UNHANDLED = text("handled_at IS NULL")


class Received(Base):
    """A message that a channel handed in, kept once by the channel's own id (the inbox)."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "key"),
        Index("inbox_unhandled", "received_at", sqlite_where=_UNHANDLED, postgresql_where=_UNHANDLED),
        Index("inbox_in_order", "channel", "chat", "id", sqlite_where=_UNHANDLED, postgresql_where=_UNHANDLED),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str]
    key: Mapped[str]
    chat: Mapped[str]
    payload: Mapped[bytes | None]
    received_at: Mapped[datetime]
    tries: Mapped[int]
    handled_at: Mapped[datetime | None]


class Owed(Base):
    """Something that has to leave: the replies of a turn, or a letter as key and fields (the outbox)."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_due", "due_at", sqlite_where=UNSETTLED, postgresql_where=UNSETTLED),
        Index("outbox_in_order", "conversation_id", "id", sqlite_where=UNSETTLED, postgresql_where=UNSETTLED),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    deadline: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    lease: Mapped[str | None]
    tries: Mapped[int]
    settled_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class Lease(Base):
    """Something that one process at a time may do, and which one does it until when."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[datetime]


class PaceKept(Base):
    """Up to which moment, in seconds since 1970, the sends of a channel have been given out to processes."""

    __tablename__ = "paces"

    name: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[float]
