"""Follow-ups: questions that the bot will ask of itself, as due rows that survive restarts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.context import Context
from core.tables import Conversation, FollowUp


@dataclass(frozen=True, slots=True)
class Due:
    """A follow-up whose time has come."""

    id: int
    conversation: int
    flow: str
    given: dict[str, Any]


def plan(context: Context, flow: str, given: dict[str, Any], after: timedelta) -> int:
    """Ask with `flow` after this time; an older follow-up of this chat gives way to it. Return the row id."""
    cancel(context)
    row = FollowUp(conversation_id=context.conversation, flow=flow, given=given, due_at=context.now + after)
    context.session.add(row)
    context.session.flush()
    return row.id


def cancel(context: Context) -> bool:
    """Drop what is planned in this chat (it came, or something newer was asked for); return whether there was any."""
    cancelled = context.session.scalars(
        update(FollowUp)
        .where(FollowUp.conversation_id == context.conversation, FollowUp.settled_at.is_(None))
        .values(settled_at=context.now, outcome="cancelled", given={})
        .returning(FollowUp.id)
    ).all()
    return bool(cancelled)


def due(session: Session, now: datetime, channel: str, chat: str | None = None, limit: int = 20) -> list[Due]:
    """Return follow-ups whose time has come in the chats of a channel (or in one chat of it), oldest first."""
    query = (
        select(FollowUp)
        .join(Conversation, Conversation.id == FollowUp.conversation_id)
        .where(FollowUp.settled_at.is_(None), FollowUp.due_at <= now, Conversation.channel == channel)
        .order_by(FollowUp.due_at)
        .limit(limit)
    )
    rows = session.scalars(query if chat is None else query.where(Conversation.chat == chat))
    return [Due(row.id, row.conversation_id, row.flow, row.given) for row in rows]


def settle(session: Session, follow_up: Due, now: datetime) -> bool:
    """Mark it as asked; False when another worker was first, or it was cancelled or its chat has moved meanwhile."""
    settled = session.scalars(
        update(FollowUp)
        .where(
            FollowUp.id == follow_up.id,
            FollowUp.conversation_id == follow_up.conversation,
            FollowUp.settled_at.is_(None),
            FollowUp.due_at <= now,
        )
        .values(settled_at=now, outcome="asked", given={})
        .returning(FollowUp.id)
    ).all()
    return bool(settled)


def wait(session: Session, follow_up: int, until: datetime) -> None:
    """Put it off: the person is in the middle of something."""
    session.execute(
        update(FollowUp).where(FollowUp.id == follow_up, FollowUp.settled_at.is_(None)).values(due_at=until)
    )
