"""What staff write to a person: committed with its outbox row, once, and never over a colleague's head."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core import letters, rules, takeover, ticket_history, ticket_pages, ticket_words
from core.context import Desk
from core.letters import Letter
from core.outbox import REPLIES
from core.refusals import TicketRefused
from core.tables import Account, Message, Owed, Staff, Ticket, TicketEvent
from core.ticket_history import Kind
from core.ticket_work import put_to_wait, unresolved
from core.tickets import NEW, OPEN


@dataclass(frozen=True, slots=True)
class Draft:
    """A reply before it is sent.

    `key` is drawn with the form, so that a form that is sent twice is one reply; `seen` is the last line of the
    history that its writer saw. `payload` is the reply as the outbox keeps it for the person's channel, `notice` the
    one that says that a human has the chat, sent before it where that is news.
    """

    text: str
    key: str
    seen: int
    payload: dict[str, Any]
    notice: dict[str, Any]
    then_wait: bool = True
    notice_text: str = ""


def reply(desk: Desk, ticket: int, draft: Draft) -> bool:
    """Owe the reply to the person, on whatever channel they are; False when this very form had been sent before.

    TicketRefused: nothing is written, it is too long, the ticket is resolved or unknown, a colleague has replied since
    the page was shown, or there is nowhere to write to (the chat is gone and there is no account).
    """
    session = desk.session
    found = unresolved(desk, ticket)
    if session.scalar(select(TicketEvent.id).where(TicketEvent.key == draft.key)) is not None:
        return False
    if not draft.text.strip():
        raise TicketRefused("reply_empty")
    if len(draft.text) > rules.STAFF_REPLY_CHARACTERS:
        raise TicketRefused("reply_too_long", length=len(draft.text), maximum=rules.STAFF_REPLY_CHARACTERS)
    _refuse_overtaken(desk, ticket, draft.seen)
    if takeover.begin(session, found) and found.conversation_id is not None:
        _say(desk, found.conversation_id, "bot", draft.notice_text, "desk")
        owe(desk, found.conversation_id, draft.notice)
    owed = _owe(desk, found, draft)
    ticket_history.add(
        session, ticket, Kind.REPLY, desk.now, staff=desk.staff, text=draft.text, key=draft.key, owed=owed
    )
    ticket_words.learn(session, ticket, draft.text)
    if desk.staff is not None:
        ticket_pages.forget_writer(session, ticket, desk.staff)
    if found.owner_id is None:
        found.owner_id = desk.staff
    if found.first_reply_at is None:
        found.first_reply_at = desk.now
    if draft.then_wait:
        put_to_wait(desk, found)
    elif found.state == NEW:
        found.state = OPEN
    return True


def owe(desk: Desk, conversation: int, payload: dict[str, Any]) -> int:
    """Owe something to a chat, due at once and nobody's yet; return the outbox row's id."""
    row = Owed(
        kind=REPLIES, conversation_id=conversation, payload=payload, created_at=desk.now, due_at=desk.now, tries=0
    )
    desk.session.add(row)
    desk.session.flush()
    return row.id


def _owe(desk: Desk, ticket: Ticket, draft: Draft) -> int:
    """Owe the reply to the ticket's chat, or as a letter to the address on file."""
    if ticket.conversation_id is not None:
        _say(desk, ticket.conversation_id, "staff", draft.text, "reply")
        return owe(desk, ticket.conversation_id, draft.payload)
    account = desk.session.get(Account, ticket.account_id) if ticket.account_id is not None else None
    if account is None:
        raise TicketRefused("nobody_to_reach")
    fields = {"first_name": account.first_name, "text": draft.text, "asked_on": ticket.created_at.isoformat()}
    letter = Letter("staff_reply", account.email, ticket.language, fields, account=account.id)
    return letters.owe(desk.session, letter, desk.now)


def _say(desk: Desk, conversation: int, author: str, text: str, meaning: str) -> None:
    """Write a line of the transcript, which on the web is also where the person reads it."""
    desk.session.add(Message(conversation_id=conversation, at=desk.now, author=author, text=text, meaning=meaning))


def _refuse_overtaken(desk: Desk, ticket: int, seen: int) -> None:
    overtaken_by = desk.session.scalar(
        select(Staff.name)
        .join(TicketEvent, TicketEvent.staff_id == Staff.id)
        .where(
            TicketEvent.ticket_id == ticket,
            TicketEvent.kind == Kind.REPLY,
            TicketEvent.id > seen,
            TicketEvent.staff_id != desk.staff,
        )
        .limit(1)
    )
    if overtaken_by is not None:
        raise TicketRefused("reply_overtaken", name=overtaken_by)
