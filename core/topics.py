"""Topics: what of the tickets' histories still has to be told in the staff's group, a ticket at a time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core import ticket_history
from core.tables import Message, Owed, Ticket, TicketEvent, Topic
from core.ticket_history import Happened, Kind

# A transaction may commit its line after later ones are there; none takes as long as this.
OVERLAP_MINUTES: Final = 5


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told of one ticket.

    `said_here` are the lines whose text was written in the topic itself; `refused` are those that could not be
    delivered to the person; `watched` is the first line of which that is not known yet. `closed` says how the topic is.
    """

    ticket: int
    topic: int | None
    closed: bool
    is_new: bool
    lines: list[Happened]
    said_here: set[int]
    refused: list[Happened]
    watched: int | None


def waiting(session: Session, after: int) -> dict[int, int]:
    """Return the tickets of which something after this line is not told yet, each with the first such line.

    The longest wait comes first; a line of 0 means that no line is new, but that the way of a reply has ended. A ticket
    that was resolved before it had a topic gets none.
    """
    untold = (
        select(TicketEvent.ticket_id, TicketEvent.id)
        .join(Ticket, Ticket.id == TicketEvent.ticket_id)
        .outerjoin(Topic, Topic.ticket_id == TicketEvent.ticket_id)
        .where(
            TicketEvent.id > after,
            TicketEvent.id > func.coalesce(Topic.told, 0),
            Ticket.closed_at.is_(None) | Topic.topic.is_not(None),
        )
        .order_by(TicketEvent.id)  # not by ticket: every line that there is would be read again each time
    )
    ended = (
        select(Topic.ticket_id)
        .join(TicketEvent, TicketEvent.id == Topic.watched)
        .outerjoin(Owed, Owed.id == TicketEvent.owed_id)
        .where(Topic.watched.is_not(None), Owed.id.is_(None) | Owed.settled_at.is_not(None))
    )
    found: dict[int, int] = {}
    for ticket, line in session.execute(untold):
        found.setdefault(ticket, line)
    return found | {ticket: 0 for ticket in session.scalars(ended) if ticket not in found}


def settled_line(session: Session, after: int, now: datetime) -> int:
    """Return the last line before which no other can appear any more; `after` where there is none later."""
    old = (TicketEvent.id > after, TicketEvent.at <= now - timedelta(minutes=OVERLAP_MINUTES))
    newest_first = select(TicketEvent.id).where(*old).order_by(TicketEvent.id.desc()).limit(1)
    return session.scalar(newest_first) or after


def news(session: Session, ticket: int, said_here: str) -> News:
    """Return what is to be told of the ticket; keys that begin with `said_here` are of lines written in the topic."""
    row = session.get(Topic, ticket)
    if row is None:
        row = Topic(ticket_id=ticket, closed=False, told=0)
        session.add(row)
    history = ticket_history.history(session, ticket)
    own = (TicketEvent.ticket_id == ticket, TicketEvent.id > row.told, TicketEvent.key.startswith(said_here))
    followed = [line for line in history if line.id >= (row.watched or row.told + 1)]
    watched = next((line.id for line in followed if line.delivered == "waiting"), None)
    return News(
        ticket,
        row.topic,
        row.closed,
        row.told == 0,
        [line for line in history if line.id > row.told],
        set(session.scalars(select(TicketEvent.id).where(*own))),
        [line for line in followed if line.delivered == "refused" and (watched is None or line.id < watched)],
        watched,
    )


def heard(session: Session, ticket: int, lines: list[Happened], meaning: str) -> list[str]:
    """Return what the person wrote in those of the lines that say so; `meaning` marks such messages."""
    moments = [line.at for line in lines if line.kind == Kind.PERSON_WROTE]
    if not moments:
        return []
    conversation = select(Ticket.conversation_id).where(Ticket.id == ticket).scalar_subquery()
    texts = session.scalars(
        select(Message.text)
        .where(
            Message.conversation_id == conversation,
            Message.author == "person",
            Message.meaning == meaning,
            Message.at.between(moments[0], moments[-1]),
        )
        .order_by(Message.id.desc())
        .limit(len(moments))
    ).all()
    return list(reversed(texts))


def keep(session: Session, ticket: int, topic: int) -> None:
    """Note which topic is the ticket's."""
    session.execute(update(Topic).where(Topic.ticket_id == ticket).values(topic=topic))


def keep_closed(session: Session, ticket: int, *, closed: bool) -> None:
    """Note whether the ticket's topic is closed."""
    session.execute(update(Topic).where(Topic.ticket_id == ticket).values(closed=closed))


def told(session: Session, news: News) -> None:
    """Note that the news was told."""
    lines = {"told": news.lines[-1].id} if news.lines else {}
    session.execute(update(Topic).where(Topic.ticket_id == news.ticket).values(watched=news.watched, **lines))


def lost(session: Session, topic: int) -> None:
    """Note that somebody has deleted the topic: the ticket, unless it is resolved, gets another with its next news."""
    session.execute(update(Topic).where(Topic.topic == topic).values(topic=None, closed=False, told=0, watched=None))


def by_topic(session: Session, topic: int) -> Topic | None:
    """Return which ticket's topic this is."""
    return session.scalar(select(Topic).where(Topic.topic == topic))


def of_ticket(session: Session, ticket: int) -> Topic | None:
    """Return the ticket's topic, if it has one."""
    return session.scalar(select(Topic).where(Topic.ticket_id == ticket, Topic.topic.is_not(None)))
