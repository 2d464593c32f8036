"""Conversations: one row a chat, locked for a turn; its transcript; and how all of it is forgotten."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, exists, insert, select, update
from sqlalchemy.orm import Session

from core import audit, database
from core.context import Context
from core.tables import AccountRequest, Base, Challenge, Conversation, FollowUp, Message, Owed, Ticket, TicketEvent
from core.verification import SEND_CODE

CONVERSATIONS = Base.metadata.tables["conversations"]
# The channel of browsers on the account pages: they have challenges and no transcript, and are purged.
VISITS = "pages"
FORGOTTEN = "refused: the person had this chat forgotten"
MESSAGES = Base.metadata.tables["messages"]


@dataclass(slots=True)
class Held:
    """A conversation while one turn holds it; `state` is the dialogue's own."""

    id: int
    channel: str
    chat: str
    language: str
    state: dict[str, Any]
    touched_at: datetime | None  # None: this is its first message
    keyboard: str | None = None  # the channel's ids of the messages with the live buttons
    free_at: datetime | None = None  # before then the channel takes nothing for this chat
    taken_over_by: int | None = None  # the ticket of which a person of staff has this chat


_COLUMNS = [CONVERSATIONS.c[column.name] for column in fields(Held)]
_HOLD = (
    select(*_COLUMNS)
    .where(
        and_(
            CONVERSATIONS.c.channel == bindparam("of_channel"),
            CONVERSATIONS.c.chat.in_(bindparam("chats", expanding=True)),
        )
        | CONVERSATIONS.c.id.in_(bindparam("also", expanding=True))
    )
    .order_by(CONVERSATIONS.c.id)
    .with_for_update()
)
_LOOK = select(*_COLUMNS).where(CONVERSATIONS.c.id.in_(bindparam("conversations", expanding=True)))
_SAVE = (
    update(CONVERSATIONS)
    .where(CONVERSATIONS.c.id == bindparam("held"))
    .values(
        state=bindparam("new_state"),
        language=bindparam("new_language"),
        free_at=bindparam("new_free_at"),
        touched_at=bindparam("now"),
        unreachable_at=None,
    )
)
_SAY = insert(MESSAGES)
_KEEP_KEYBOARD = update(CONVERSATIONS).where(CONVERSATIONS.c.id == bindparam("held")).values(keyboard=bindparam("live"))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the transcript, redacted already; `meaning` says what the turn took it for."""

    author: str  # person, bot or staff
    text: str
    meaning: str
    shown: dict[str, Any] | None = None  # the buttons and the picture of a line that is read on a page


def hold_all(
    session: Session, channel: str, chats: Mapping[str, str], now: datetime, also: Sequence[int] = ()
) -> dict[str, Held]:
    """Return the conversations of some chats by chat, begun when they are new; each chat is given with its language.

    Nobody else has them until the transaction ends. Those of the ids in `also` are locked as well: all at once and
    in one order, so that no two wait for each other.
    """
    connection = session.connection()
    held = {each.chat: each for each in _held(connection, channel, list(chats), also) if each.channel == channel}
    new = sorted(chat for chat in chats if chat not in held)
    if new:
        connection.execute(
            database.insert(session, CONVERSATIONS).on_conflict_do_nothing(index_elements=["channel", "chat"]),
            [
                {
                    "channel": channel,
                    "chat": chat,
                    "language": chats[chat],
                    "state": {},
                    "created_at": now,
                    "touched_at": now,
                }
                for chat in new
            ],
        )
        held |= {each.chat: replace(each, touched_at=None) for each in _held(connection, channel, new)}
    return held


def hold_by_id(session: Session, conversation: int) -> Held:
    """Return a conversation that exists, locked likewise."""
    return hold_by_ids(session, [conversation])[conversation]


def hold_by_ids(session: Session, conversations: Sequence[int]) -> dict[int, Held]:
    """Return conversations that exist by id, locked likewise."""
    return {each.id: each for each in _held(session.connection(), "", [], conversations)}


def look_at(session: Session, conversations: Sequence[int]) -> dict[int, Held]:
    """Return conversations that exist by id, as their last turns left them; none is locked, no turn is waited for."""
    rows = session.connection().execute(_LOOK, {"conversations": list(conversations)})
    return {row.id: Held(*row) for row in rows}


def save_all(session: Session, turns: Sequence[tuple[Held, Sequence[Line]]], now: datetime) -> None:
    """Write what turns made of their conversations, and the transcripts' lines: two statements, however many."""
    connection = session.connection()
    rows = [
        {
            "held": held.id,
            "new_state": held.state,
            "new_language": held.language,
            "new_free_at": held.free_at,
            "now": now,
        }
        for held, _ in turns
    ]
    connection.execute(_SAVE, rows)
    said = [
        {
            "conversation_id": held.id,
            "at": now,
            "author": each.author,
            "text": each.text,
            "meaning": each.meaning,
            "shown": each.shown,
        }
        for held, lines in turns
        for each in lines
    ]
    if said:
        connection.execute(_SAY, said)


def forget(context: Context) -> None:
    """Delete what this chat left here: transcript, challenges, requests, follow-ups and unsent replies.

    An unsent reply of staff is blanked and counts as refused, so that its ticket says what became of it. Tickets
    stay, because somebody is working on them; a letter that was promised still goes out (G3); accounts are not a matter
    of the chat.
    """
    mine, session = context.conversation, context.session
    promised = (AccountRequest.resolved_at.is_(None), AccountRequest.kind != SEND_CODE)
    session.execute(
        update(AccountRequest).where(AccountRequest.conversation_id == mine, *promised).values(conversation_id=None)
    )
    for table in (Message, FollowUp, AccountRequest, Challenge):
        session.execute(delete(table).where(table.conversation_id == mine))
    audit.record(session, audit.Event.CONVERSATION_FORGOTTEN, now=context.now, conversation_id=mine)
    unsent = (Owed.conversation_id == mine, Owed.settled_at.is_(None))
    of_staff = exists().where(TicketEvent.owed_id == Owed.id)
    session.execute(update(Owed).where(*unsent, of_staff).values(settled_at=context.now, outcome=FORGOTTEN, payload={}))
    session.execute(delete(Owed).where(*unsent))


def keep_keyboards(session: Session, keyboards: Mapping[int, str | None]) -> None:
    """Note, by conversation, which messages carry the live buttons now."""
    if keyboards:
        rows = [{"held": conversation, "live": messages} for conversation, messages in sorted(keyboards.items())]
        session.connection().execute(_KEEP_KEYBOARD, rows)


def keep_quiet(session: Session, conversation: int, until: datetime) -> None:
    """Note that the channel takes nothing for this chat before then."""
    session.execute(
        update(Conversation)
        .where(Conversation.id == conversation, Conversation.free_at.is_(None) | (Conversation.free_at < until))
        .values(free_at=until)
    )


def unreachable(session: Session, conversation: int, now: datetime) -> None:
    """Note that the person takes no more messages, also on the tickets that are open; a new message ends it."""
    session.execute(update(Conversation).where(Conversation.id == conversation).values(unreachable_at=now))
    session.execute(
        update(Ticket)
        .where(Ticket.conversation_id == conversation, Ticket.closed_at.is_(None))
        .values(unreachable_at=now)
    )
    planned = (FollowUp.conversation_id == conversation, FollowUp.settled_at.is_(None))
    session.execute(update(FollowUp).where(*planned).values(settled_at=now, outcome="unreachable", given={}))
    audit.record(session, audit.Event.CONVERSATION_UNREACHABLE, now=now, conversation_id=conversation)


def _held(connection: Connection, channel: str, chats: Sequence[str], also: Sequence[int] = ()) -> list[Held]:
    rows = connection.execute(_HOLD, {"of_channel": channel, "chats": list(chats), "also": list(also)})
    return [Held(*row) for row in rows]
