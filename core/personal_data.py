"""Everything that is kept about one person, as the person may have it: facts and texts, and never a secret."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from core import accounts, outbox, ticket_history, tickets
from core.lost_mailboxes import DONE
from core.tables import (
    Account,
    AccountRequest,
    AccountSession,
    AuditEvent,
    Base,
    Conversation,
    Link,
    LostMailbox,
    Message,
    Owed,
    Ticket,
    TicketEvent,
)


def everything(session: Session, account: Account, now: datetime) -> dict[str, Any]:
    """Return what is kept about the owner of an account, in values that JSON can hold; moments in UTC.

    A chat is theirs where a code was proved that had been mailed to them, or where a ticket is about the account: what
    a stranger asked about it is not told. So with tickets on which a case of a lost mailbox hangs: all that was said
    is told where the new mailbox became the address and the owner has not contested it, of others the facts alone. The
    password and the protection phrase are told as set or not, and of sessions the moments.
    """
    chats = _chats(session, account)
    cases = session.scalars(
        select(LostMailbox).where(LostMailbox.account_id == account.id).order_by(LostMailbox.id)
    ).all()
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
        "sessions": _all(
            session.scalars(
                select(AccountSession).where(AccountSession.account_id == account.id).order_by(AccountSession.id)
            ),
            ("created_at", "rotated_at", "seen_at"),
        ),
        "requests": _all(
            session.scalars(
                select(AccountRequest).where(AccountRequest.account_id == account.id).order_by(AccountRequest.id)
            ),
            ("kind", "proved_by", "created_at", "resolved_at", "outcome"),
        ),
        "letters": _letters(session, account, cases),
        "events": _all(
            session.scalars(select(AuditEvent).where(AuditEvent.account_id == account.id).order_by(AuditEvent.id)),
            ("at", "event", "detail"),
        ),
        "lost_mailboxes": [_case(session, each) for each in cases],
        "tickets": [_ticket(session, each) for each in _tickets(session, account, chats, cases)],
        "chats": [_chat(session, each) for each in chats],
    }


def _chats(session: Session, account: Account) -> Sequence[Conversation]:
    proved = select(AccountRequest.conversation_id).where(
        AccountRequest.account_id == account.id, AccountRequest.proved_by == "code"
    )
    about = select(Ticket.conversation_id).where(Ticket.account_id == account.id)
    theirs = select(Conversation).where(Conversation.id.in_(union(proved, about)))
    return session.scalars(theirs.order_by(Conversation.id)).all()


def _tickets(
    session: Session, account: Account, chats: Sequence[Conversation], cases: Sequence[LostMailbox]
) -> Sequence[Ticket]:
    said = Ticket.conversation_id.in_([each.id for each in chats]) & Ticket.account_id.is_(None)
    proved = Ticket.id.in_([each.ticket_id for each in cases if each.state == DONE and each.contested_at is None])
    theirs = (Ticket.account_id == account.id) | said | proved
    return session.scalars(select(Ticket).where(theirs).order_by(Ticket.id)).all()


def _letters(session: Session, account: Account, cases: Sequence[LostMailbox]) -> list[dict[str, Any]]:
    """Return the letters to the person that wait, and the settled ones which a case or a reply of staff names.

    Of all other settled letters nothing says any more whose they were.
    """
    named = {(each.notice_id, each.approved_at): "lost_mailbox_notice" for each in cases}
    named |= {(each.proof_id, each.approved_at): "lost_mailbox_proof" for each in cases}
    replies = select(TicketEvent.owed_id, TicketEvent.at).join(Ticket).where(Ticket.account_id == account.id)
    named |= {(each.owed_id, each.at): "staff_reply" for each in session.execute(replies)}
    ids = {number for number, _ in named if number is not None}
    known = Owed.settled_at.is_(None) | Owed.id.in_(ids)
    told = []
    for each in session.scalars(select(Owed).where(Owed.kind == outbox.LETTER, known).order_by(Owed.id)):
        if each.settled_at is None:
            key = each.payload["key"] if each.payload.get("account") == account.id else None
        else:  # by its moment too: the numbers of rows that were purged may come back
            key = named.get((each.id, each.created_at))
        if key is not None:
            outcome = (each.outcome or "").partition(":")[0] if each.settled_at else None
            told.append({"letter": key, **_told(each, ("created_at", "due_at", "settled_at")), "outcome": outcome})
    return told


def _case(session: Session, case: LostMailbox) -> dict[str, Any]:
    said = ("old_email", "new_email", "reason", "evidence", "checked", "state", "ended_why")
    asked = ("opened_at", "approved_at", "due_at", "noticed_at", "proof_sent_at", "proved_at")
    ticket = session.get_one(Ticket, case.ticket_id)
    return {
        **_told(case, (*said, *asked, "ended_at", "contested_at")),
        "ticket": {"number": tickets.number_of(ticket.id), **_told(ticket, ("state", "created_at", "closed_at"))},
        "contested_ticket": tickets.number_of(case.contested_ticket) if case.contested_ticket else None,
    }


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
