"""The tables of the help desk: tickets with their history, words and topics, who works there, and what days came to."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Text, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from core.tables.base import IDS_NEVER_COME_BACK, Base, BrowserSession

_ITS_KEY_IS_THE_TABLE = {"sqlite_with_rowid": False}
_BY_CODE_POINT = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_UNCLOSED = text("closed_at IS NULL")
_TAUGHT = text("kind = 'taught'")
_WATCHED = text("watched IS NOT NULL")


class Ticket(Base):
    """What the help desk owes an answer to."""

    __tablename__ = "tickets"
    __table_args__ = (
        Index("tickets_by_state", "state", "due_at"),
        Index("tickets_by_owner", "owner_id", "due_at", sqlite_where=_UNCLOSED, postgresql_where=_UNCLOSED),
        Index("tickets_due", "due_at", sqlite_where=_UNCLOSED, postgresql_where=_UNCLOSED),
        IDS_NEVER_COME_BACK,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id", ondelete="SET NULL"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    verified_at: Mapped[datetime | None]
    previous_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="SET NULL"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    subject: Mapped[str]
    state: Mapped[str]
    escalated_to: Mapped[str]
    language: Mapped[str]
    happened: Mapped[str]
    tried: Mapped[str]
    telephone: Mapped[str]
    hours: Mapped[str]
    created_at: Mapped[datetime]
    answer_by: Mapped[datetime]
    due_at: Mapped[datetime]
    warned_at: Mapped[datetime | None]
    missed_at: Mapped[datetime | None]
    first_reply_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    unreachable_at: Mapped[datetime | None]


class TicketEvent(Base):
    """One thing that happened to a ticket: its history, its notes and what staff wrote to the person; only added to."""

    __tablename__ = "ticket_events"
    __table_args__ = (
        Index("ticket_events_taught", "at", sqlite_where=_TAUGHT, postgresql_where=_TAUGHT),
        IDS_NEVER_COME_BACK,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    kind: Mapped[str]
    text: Mapped[str]
    detail: Mapped[dict[str, Any]]
    key: Mapped[str | None] = mapped_column(unique=True)
    owed_id: Mapped[int | None] = mapped_column(index=True)


class TicketWord(Base):
    """A word of a ticket, by which it is found; words stand in the order of their code points, wherever they are."""

    __tablename__ = "ticket_words"
    __table_args__ = _ITS_KEY_IS_THE_TABLE

    word: Mapped[str] = mapped_column(_BY_CODE_POINT, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True, index=True)


class TicketWriter(Base):
    """Who is writing a reply to a ticket at this moment."""

    __tablename__ = "ticket_writers"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)


class Topic(Base):
    """A ticket's topic in the staff's group: how far its history stands there, and which reply's way is watched."""

    __tablename__ = "topics"
    __table_args__ = (Index("topics_watched", "watched", sqlite_where=_WATCHED, postgresql_where=_WATCHED),)

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    topic: Mapped[int | None] = mapped_column(unique=True)
    closed: Mapped[bool]  # as the group shows it: nobody but administrators can write in it
    told: Mapped[int]  # the last line of the ticket's history that stands in the topic
    watched: Mapped[int | None]  # the first line whose delivery to the person has not ended


class DayCount(Base):
    """What a day in California came to in one respect: a number, of an entry or another detail, or of all."""

    __tablename__ = "day_counts"
    __table_args__ = _ITS_KEY_IS_THE_TABLE

    day: Mapped[date] = mapped_column(primary_key=True)
    measure: Mapped[str] = mapped_column(primary_key=True)
    detail: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    counted_at: Mapped[datetime]


class Staff(Base):
    """Somebody who works at the help desk."""

    __tablename__ = "staff"
    __table_args__ = IDS_NEVER_COME_BACK

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    telegram_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    password_hash: Mapped[str | None]
    password_set_at: Mapped[datetime | None]
    password_link_at: Mapped[datetime | None]
    link_hands: Mapped[list[int]] = mapped_column(default=list)  # of staff: through whose hands the link went
    hands: Mapped[list[int]] = mapped_column(default=list)  # ... and the one by which the present password was set
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class StaffSession(BrowserSession):
    """A browser in which somebody of staff is signed in."""

    __tablename__ = "staff_sessions"
    __table_args__ = IDS_NEVER_COME_BACK

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
