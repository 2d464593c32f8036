"""The database's tables, one class each."""

from datetime import UTC, datetime
from typing import Any, ClassVar, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# What is derived from a row's id must not come back to life with a later row.
_IDS_NEVER_COME_BACK = {"sqlite_autoincrement": True}
_ITS_KEY_IS_THE_TABLE = {"sqlite_with_rowid": False}
_BY_CODE_POINT = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_UNHANDLED = text("handled_at IS NULL")
_UNSETTLED = text("settled_at IS NULL")
_UNRESOLVED = text("resolved_at IS NULL")
_UNCLOSED = text("closed_at IS NULL")
_WATCHED = text("watched IS NOT NULL")


def _at_once(context: DefaultExecutionContext) -> datetime:
    """Return when a row was made: it is due from then on."""
    return cast(datetime, (context.current_parameters or {})["created_at"])


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC: aware in Python; SQLite, which knows no zones, keeps it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return `value` in UTC; ValueError when it has no zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored moment with its zone, UTC."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """What all tables share: how constraints are named, so that migrations can speak of them, and types are stored."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        str: Text,
        bytes: LargeBinary,
        dict[str, Any]: JSON,
        list[float]: JSON,
    }


class Account(Base):
    """A person's account on this service."""

    __tablename__ = "accounts"
    __table_args__ = _IDS_NEVER_COME_BACK

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]
    username_key: Mapped[str] = mapped_column(unique=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    protection_phrase: Mapped[str | None]
    state: Mapped[str]
    registered_at: Mapped[datetime]
    activated_at: Mapped[datetime | None]


class Link(Base):
    """A mailed link that activates an account or lets its owner set a password; its token is derived, never stored."""

    __tablename__ = "links"
    __table_args__ = _IDS_NEVER_COME_BACK

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str]
    created_at: Mapped[datetime]
    armed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class Conversation(Base):
    """One chat on one channel, with the dialogue's state."""

    __tablename__ = "conversations"
    __table_args__ = (UniqueConstraint("channel", "chat"), _IDS_NEVER_COME_BACK)

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
    __table_args__ = (Index("messages_by_time", "at", "author"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    author: Mapped[str]
    text: Mapped[str]
    meaning: Mapped[str]


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
        Index("outbox_due", "due_at", sqlite_where=_UNSETTLED, postgresql_where=_UNSETTLED),
        Index("outbox_in_order", "conversation_id", "id", sqlite_where=_UNSETTLED, postgresql_where=_UNSETTLED),
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


class Challenge(Base):
    """One set of verification characters or one mailed code; what is to be typed is derived, never stored."""

    __tablename__ = "challenges"
    __table_args__ = _IDS_NEVER_COME_BACK

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    purpose: Mapped[str]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    identifier_mac: Mapped[str]
    created_at: Mapped[datetime]
    armed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    tries_left: Mapped[int]
    passed_at: Mapped[datetime | None]
    consumed_at: Mapped[datetime | None]
    superseded_at: Mapped[datetime | None]


class AccountRequest(Base):
    """What a person asked for about an account, looked up by the worker alone (S1)."""

    __tablename__ = "account_requests"
    __table_args__ = (
        Index(
            "account_requests_unresolved",
            "due_at",
            sqlite_where=_UNRESOLVED,
            postgresql_where=_UNRESOLVED,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    identifier: Mapped[str | None]
    proved_by: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id", ondelete="SET NULL"), index=True)
    challenge_id: Mapped[int | None] = mapped_column(ForeignKey("challenges.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(default=_at_once)
    tries: Mapped[int] = mapped_column(default=0)
    trace: Mapped[str] = mapped_column(default="")
    resolved_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class FollowUp(Base):
    """A question that the bot will ask of itself when its time comes."""

    __tablename__ = "follow_ups"
    __table_args__ = (Index("follow_ups_due", "due_at", sqlite_where=_UNSETTLED, postgresql_where=_UNSETTLED),)

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    flow: Mapped[str]
    given: Mapped[dict[str, Any]]
    due_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class Ticket(Base):
    """What the help desk owes an answer to."""

    __tablename__ = "tickets"
    __table_args__ = (
        Index("tickets_by_state", "state", "due_at"),
        Index("tickets_by_owner", "owner_id", "due_at", sqlite_where=_UNCLOSED, postgresql_where=_UNCLOSED),
        Index("tickets_due", "due_at", sqlite_where=_UNCLOSED, postgresql_where=_UNCLOSED),
        _IDS_NEVER_COME_BACK,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id", ondelete="SET NULL"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    verified_at: Mapped[datetime | None]
    previous_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="SET NULL"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    reason: Mapped[str]
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
    __table_args__ = _IDS_NEVER_COME_BACK

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
    told: Mapped[int]  # the last line of the ticket's history that stands in the topic
    watched: Mapped[int | None]  # the first line whose delivery to the person has not ended


class Staff(Base):
    """Somebody who works at the help desk."""

    __tablename__ = "staff"
    __table_args__ = _IDS_NEVER_COME_BACK

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(unique=True)
    telegram_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    password_hash: Mapped[str | None]
    password_link_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class StaffSession(Base):
    """A browser in which somebody of staff is signed in; of its token only a hash is here."""

    __tablename__ = "staff_sessions"
    __table_args__ = _IDS_NEVER_COME_BACK

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    previous_hash: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    rotated_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class Budget(Base):
    """When one chat, network, account or mailbox last spent of a budget; the key is a keyed hash."""

    __tablename__ = "budgets"

    key: Mapped[str] = mapped_column(primary_key=True)
    spent: Mapped[list[float]]
    updated_at: Mapped[datetime] = mapped_column(index=True)


class AuditEvent(Base):
    """One thing that happened to an account or to the service, kept for `rules.AUDIT_DAYS`."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    event: Mapped[str]
    account_id: Mapped[int | None]
    conversation_id: Mapped[int | None]
    detail: Mapped[dict[str, Any]]


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
