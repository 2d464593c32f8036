"""The tables of accounts: what proves a person, what was asked for, what was spent, and what happened."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import ForeignKey, Index, event, text
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from core.tables.append_only import keep_audit
from core.tables.base import IDS_NEVER_COME_BACK, Base, BrowserSession

_UNRESOLVED = text("resolved_at IS NULL")


def _at_once(context: DefaultExecutionContext) -> datetime:
    """Return when a row was made: it is due from then on."""
    return cast(datetime, (context.current_parameters or {})["created_at"])


class Account(Base):
    """A person's account on this service."""

    __tablename__ = "accounts"
    __table_args__ = IDS_NEVER_COME_BACK

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


class AccountSession(BrowserSession):
    """A browser in which the owner of an account is signed in."""

    __tablename__ = "account_sessions"
    __table_args__ = IDS_NEVER_COME_BACK

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)


class Link(Base):
    """A mailed link: activates an account, lets its owner set a password, or proves a mailbox; its token is derived."""

    __tablename__ = "links"
    __table_args__ = IDS_NEVER_COME_BACK

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str]
    email: Mapped[str | None]  # the mailbox that a link of purpose `email` proves
    created_at: Mapped[datetime]
    armed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class Challenge(Base):
    """One set of verification characters or one mailed code; what is to be typed is derived, never stored."""

    __tablename__ = "challenges"
    __table_args__ = IDS_NEVER_COME_BACK

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    purpose: Mapped[str]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    identifier_mac: Mapped[str]
    key_mark: Mapped[str]
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
    payload: Mapped[bytes | None]  # a registration, sealed
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


event.listen(AuditEvent.__table__, "after_create", keep_audit)
