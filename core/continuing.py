"""Continuing elsewhere: a one-time code moves a conversation, with all that is open in it, to where it is typed.

What moves is the conversation and not a copy of it: the journals of what is under way, transcript, tickets, challenges,
proofs, requests, follow-ups, and what was not sent yet. The chat that it came from keeps a line that says so, and what
is typed there begins anew. Nothing is merged by name or address: who has the code was shown it in the old chat.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import audit, conversations, limits, rules, verification
from core.context import Context
from core.keys import CHARACTERS
from core.outbox import REPLIES
from core.refusals import ContinuationRefused
from core.tables import AccountRequest, Challenge, Conversation, FollowUp, Message, Owed, Ticket

KIND: Final = "continuation"
PURPOSE: Final = "continue"
_HALF = f"[{CHARACTERS}]{{{rules.CONTINUE_LENGTH // 2}}}"
# As it is shown, and as people type it: small letters, a space or nothing for a dash.
CODE = re.compile(rf"(?<![\w-])(?P<challenge>\d{{1,9}})[-–](?P<code>{_HALF}[-– ]?{_HALF})(?![\w-])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Moved:
    """A conversation that goes on here: the dialogue's state, and the chat that it came from."""

    state: dict[str, Any]
    language: str
    conversation: int
    channel: str


def issue(context: Context) -> str:
    """Return the challenge whose code continues this chat elsewhere; earlier ones end. BudgetSpent as a challenge.

    The code itself is derived where it is shown (`verification.shown`) and lies nowhere (G4).
    """
    return verification.issue(context, KIND, PURPOSE, "")


def source(session: Session, typed: str) -> int | None:
    """Return the conversation that a code speaks of, right or not, so that it can be locked in the usual order."""
    found = CODE.search(typed)
    if found is None:
        return None
    named = (Challenge.id == int(found["challenge"]), Challenge.kind == KIND)
    return session.scalar(select(Challenge.conversation_id).where(*named))


def take(context: Context, typed: str) -> Moved:
    """Move the conversation of a code to this chat, once; the caller holds both.

    ContinuationRefused when the code is not good (any more); BudgetSpent after too many tries in this chat. Counted,
    then compared, then used up.
    """
    session, now = context.session, context.now
    limits.spend(session, context.keys, limits.CHAT_CONTINUATIONS, context.conversation, now)
    found = CODE.search(typed)
    if found is None:
        raise ContinuationRefused
    number = int(found["challenge"])
    row = session.get(Challenge, number)
    challenge = f"{number}.." if row is None else verification.reference(row)
    right = verification.plain(verification.shown(context.keys, KIND, challenge))
    if not hmac.compare_digest(right.encode(), verification.plain(found.group()).encode()):
        raise ContinuationRefused
    came_from = session.scalars(
        update(Challenge)
        .where(
            Challenge.id == number,
            Challenge.kind == KIND,
            Challenge.conversation_id != context.conversation,
            Challenge.superseded_at.is_(None),
            Challenge.consumed_at.is_(None),
            Challenge.armed_at <= now + timedelta(seconds=rules.CLOCK_SLACK_SECONDS),
            Challenge.expires_at > now,
        )
        .values(passed_at=now, consumed_at=now)
        .returning(Challenge.conversation_id)
    ).one_or_none()
    if came_from is None:
        raise ContinuationRefused
    held = conversations.hold_by_id(session, came_from)
    _move(context, held.id, held.taken_over_by)
    return Moved(held.state, held.language, held.id, held.channel)


def leave_word(context: Context, conversation: int, text: str, payload: dict[str, Any]) -> None:
    """Say in the chat that a conversation has left where it went on; `payload` is the text as the outbox keeps it."""
    session, now = context.session, context.now
    session.add(Message(conversation_id=conversation, at=now, author="bot", text=text, meaning="continued elsewhere"))
    session.add(Owed(kind=REPLIES, conversation_id=conversation, payload=payload, created_at=now, due_at=now, tries=0))
    session.flush()


def _move(context: Context, old: int, taken_over_by: int | None) -> None:
    """Let everything that refers to the old conversation refer to this one; what somebody is sending stays there."""
    session, new = context.session, context.conversation
    for table in (Message, FollowUp, AccountRequest, Challenge):
        session.execute(update(table).where(table.conversation_id == old).values(conversation_id=new))
    session.execute(
        update(Ticket).where(Ticket.conversation_id == old).values(conversation_id=new, unreachable_at=None)
    )
    nobodys = (Owed.leased_until.is_(None) | (Owed.leased_until <= context.now), Owed.settled_at.is_(None))
    session.execute(update(Owed).where(Owed.conversation_id == old, *nobodys).values(conversation_id=new))
    session.execute(update(Conversation).where(Conversation.id == old).values(state={}, taken_over_by=None))
    if taken_over_by is not None:
        free = (Conversation.id == new, Conversation.taken_over_by.is_(None))
        session.execute(update(Conversation).where(*free).values(taken_over_by=taken_over_by))
    audit.record(session, audit.Event.CONVERSATION_MOVED, now=context.now, conversation_id=new, came_from=old)
