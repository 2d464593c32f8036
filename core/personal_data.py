"""Everything that is kept about one person, as the person may have it: facts and texts, and never a secret."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from core import accounts, outbox, ticket_history, tickets
from core.tables import Account, AccountRequest, AuditEvent, Base, Conversation, Link, Message, Owed, Ticket


def everything(session: Session, account: Account, now: datetime) -> dict[str, Any]:
    """Return what is kept about the owner of an account, in values that JSON can hold; moments in UTC.

    A chat is theirs where a code was proved that had been mailed to them, or where a ticket is about the account: what
    a stranger asked about it is not told. The password and the protection phrase are told as set or not.
    """
    chats = _chats(session, account)
    return {
        "account": {
            **_told(account, ("username", "first_name", "last_name", "email", "registered_at", "activated_at")),
            "state": accounts.status(account, now),
            "password": _is_set(account.password_hash),
            "protection_phrase": _is_set(account.protection_phrase),
        },
        "links": _all(
            session.scalars(select(Link).where(Link.account_id == account.id).order_by(Link.id)),
            ("purpose", "created_at", "armed_at", "expires_at", "used_at"),
        ),
        "requests": _all(
            session.scalars(
                select(AccountRequest).where(AccountRequest.account_id == account.id).order_by(AccountRequest.id)
            ),
            ("kind", "proved_by", "created_at", "resolved_at", "outcome"),
        ),
        "letters": _letters(session, account),
        "events": _all(
            session.scalars(select(AuditEvent).where(AuditEvent.account_id == account.id).order_by(AuditEvent.id)),
            ("at", "event", "detail"),
        ),
        "tickets": [_ticket(session, each) for each in _tickets(session, account, chats)],
        "chats": [_chat(session, each) for each in chats],
    }


def _chats(session: Session, account: Account) -> Sequence[Conversation]:
    proved = select(AccountRequest.conversation_id).where(
        AccountRequest.account_id == account.id, AccountRequest.proved_by == "code"
    )
    about = select(Ticket.conversation_id).where(Ticket.account_id == account.id)
    theirs = select(Conversation).where(Conversation.id.in_(union(proved, about)))
    return session.scalars(theirs.order_by(Conversation.id)).all()


def _tickets(session: Session, account: Account, chats: Sequence[Conversation]) -> Sequence[Ticket]:
    said = Ticket.conversation_id.in_([each.id for each in chats]) & Ticket.account_id.is_(None)
    return session.scalars(select(Ticket).where((Ticket.account_id == account.id) | said).order_by(Ticket.id)).all()


def _letters(session: Session, account: Account) -> list[dict[str, Any]]:
    """Return the letters to the person that have not left yet; of others nothing is kept."""
    owed = session.scalars(select(Owed).where(Owed.kind == outbox.LETTER, Owed.settled_at.is_(None)).order_by(Owed.id))
    return [
        {"letter": each.payload["key"], **_told(each, ("created_at", "due_at"))}
        for each in owed
        if each.payload.get("account") == account.id
    ]


def _ticket(session: Session, ticket: Ticket) -> dict[str, Any]:
    facts = ("subject", "state", "happened", "tried", "telephone", "hours", "created_at", "answer_by", "closed_at")
    history = ticket_history.history(session, ticket.id)
    return {
        "number": tickets.number_of(ticket.id),
        **_told(ticket, facts),
        "history": _all(history, ("at", "kind", "text", "detail")),
    }


def _chat(session: Session, chat: Conversation) -> dict[str, Any]:
    said = session.scalars(select(Message).where(Message.conversation_id == chat.id).order_by(Message.id))
    return {
        **_told(chat, ("channel", "chat", "language", "created_at", "touched_at")),
        "said": _all(said, ("at", "author", "text")),
    }


def _all(rows: "Iterable[Base | ticket_history.Happened]", names: Sequence[str]) -> list[dict[str, Any]]:
    return [_told(row, names) for row in rows]


def _told(row: "Base | ticket_history.Happened", names: Sequence[str]) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in names}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _is_set(secret: str | None) -> str:
    return "set" if secret else "not set"
