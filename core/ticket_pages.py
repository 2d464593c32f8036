"""A ticket as its page shows it: all of it in a few statements, whatever the size of the tables."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, aliased

from core import rules, ticket_history
from core.accounts import Status, status
from core.database import insert
from core.tables import (
    Account,
    AccountRequest,
    Conversation,
    Message,
    Staff,
    Ticket,
    TicketWriter,
)
from core.ticket_history import Happened

LINES = 300

Writers = dict[int, tuple[str, ...]]  # by the row id of a ticket


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the conversation."""

    at: datetime
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Requested:
    """What the person had the bot do in this chat."""

    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TicketPage:
    """A ticket with everything that belongs to it."""

    ticket: Ticket
    owner: str
    account: Account | None
    account_status: Status | None
    channel: str
    chat: str  # the channel's id of the person's chat
    taken_over: bool
    unreachable_at: datetime | None  # since when the person takes no messages, if they still take none
    following: list[int]
    conversation: list[Said]
    requested: list[Requested]
    history: list[Happened]
    writers: list[str]
    colleagues: list[tuple[int, str]]


def open_page(session: Session, ticket_id: int, staff: int, now: datetime) -> TicketPage | None:
    """Return the ticket's page for this member of staff; None when there is no such ticket."""
    owner = aliased(Staff)
    row = session.execute(
        select(
            Ticket,
            owner.name,
            Account,
            Conversation.channel,
            Conversation.chat,
            Conversation.taken_over_by,
            Conversation.unreachable_at,
        )
        .outerjoin(owner, owner.id == Ticket.owner_id)
        .outerjoin(Account, Account.id == Ticket.account_id)
        .outerjoin(Conversation, Conversation.id == Ticket.conversation_id)
        .where(Ticket.id == ticket_id)
    ).one_or_none()
    if row is None:
        return None
    ticket, owner_name, found, channel, chat, taken_over_by, unreachable_at = row
    account: Account | None = found
    return TicketPage(
        ticket=ticket,
        owner=owner_name or "",
        account=account,
        account_status=status(account, now) if account else None,
        channel=channel or "",
        chat=chat or "",
        taken_over=taken_over_by == ticket.id,
        unreachable_at=ticket.unreachable_at if unreachable_at else None,
        following=_following(session, ticket),
        conversation=transcript(session, ticket),
        requested=_requested(session, ticket),
        history=ticket_history.history(session, ticket.id),
        writers=writers(session, ticket.id, staff, now),
        colleagues=[
            (each.id, each.name)
            for each in session.execute(
                select(Staff.id, Staff.name).where(Staff.disabled_at.is_(None)).order_by(Staff.name_key)
            )
        ],
    )


def transcript(session: Session, ticket: Ticket, limit: int = LINES) -> list[Said]:
    """Return the conversation that belongs to the ticket, oldest first: since the one before it was resolved."""
    if ticket.conversation_id is None:
        return []
    before = select(Ticket.closed_at).where(Ticket.id == ticket.previous_id).scalar_subquery()
    query = select(Message.at, Message.author, Message.text).where(Message.conversation_id == ticket.conversation_id)
    if ticket.previous_id is not None:
        query = query.where((Message.at > before) | before.is_(None))
    if ticket.closed_at is not None:
        query = query.where(Message.at <= ticket.closed_at)
    rows = session.execute(query.order_by(Message.id.desc()).limit(limit)).all()
    return [Said(each.at, each.author, each.text) for each in reversed(rows)]


def channel_of(session: Session, ticket: int) -> str:
    """Return by which channel the ticket's person is reached; "" where a letter is the only way."""
    chats = select(Conversation.channel).join(Ticket, Ticket.conversation_id == Conversation.id)
    return session.scalar(chats.where(Ticket.id == ticket)) or ""


def note_writer(session: Session, ticket: int, staff: int, now: datetime) -> None:
    """Note that somebody of staff is writing a reply at this moment."""
    noted = insert(session, TicketWriter).values(ticket_id=ticket, staff_id=staff, at=now)
    session.execute(noted.on_conflict_do_update(index_elements=["ticket_id", "staff_id"], set_={"at": now}))


def forget_writer(session: Session, ticket: int, staff: int) -> None:
    """Note that they are no longer writing."""
    session.execute(delete(TicketWriter).where(TicketWriter.ticket_id == ticket, TicketWriter.staff_id == staff))


def forget_writers(session: Session, now: datetime) -> None:
    """Forget who has stopped writing without a word."""
    silent_since = now - timedelta(seconds=rules.WRITER_SECONDS)
    session.execute(delete(TicketWriter).where(TicketWriter.at <= silent_since))


def writers(session: Session, ticket: int, staff: int, now: datetime) -> list[str]:
    """Return the names of the others who are writing a reply to the ticket."""
    return list(
        session.scalars(
            select(Staff.name)
            .join(TicketWriter, TicketWriter.staff_id == Staff.id)
            .where(
                TicketWriter.ticket_id == ticket,
                TicketWriter.staff_id != staff,
                TicketWriter.at > now - timedelta(seconds=rules.WRITER_SECONDS),
            )
            .order_by(Staff.name_key)
        )
    )


def all_writers(session: Session, now: datetime) -> Writers:
    """Return who is writing a reply at this moment, by ticket."""
    rows = session.execute(
        select(TicketWriter.ticket_id, Staff.name)
        .join(Staff, Staff.id == TicketWriter.staff_id)
        .where(TicketWriter.at > now - timedelta(seconds=rules.WRITER_SECONDS))
        .order_by(Staff.name_key)
    )
    found: Writers = {}
    for ticket, name in rows:
        found[ticket] = (*found.get(ticket, ()), name)
    return found


def _following(session: Session, ticket: Ticket) -> list[int]:
    """Return the row ids of the later tickets of the same chat."""
    if ticket.conversation_id is None:
        return []
    later = select(Ticket.id).where(Ticket.conversation_id == ticket.conversation_id, Ticket.id > ticket.id)
    return list(session.scalars(later.order_by(Ticket.id).limit(10)))


def _requested(session: Session, ticket: Ticket) -> list[Requested]:
    if ticket.conversation_id is None:
        return []
    rows = session.execute(
        select(AccountRequest.kind, AccountRequest.created_at)
        .where(AccountRequest.conversation_id == ticket.conversation_id)
        .order_by(AccountRequest.id.desc())
        .limit(20)
    ).all()
    return [Requested(each.kind, each.created_at) for each in reversed(rows)]
