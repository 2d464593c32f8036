"""What staff do with a ticket: take it, hand it over, note, mark a step, wait, escalate, resolve, open it again."""

from datetime import date, datetime
from typing import Final

from sqlalchemy import select

from core import rules, takeover, ticket_history, ticket_words
from core.business_days import CALIFORNIA, CLOSES
from core.context import Desk
from core.refusals import TicketRefused
from core.tables import Conversation, Staff, Ticket
from core.takeover import set_due
from core.ticket_history import Kind
from core.tickets import ESCALATED, NEW, OPEN, RESOLVED, WAITING

# To whom a ticket may be escalated, as 003 tells them apart.
LEVELS: Final = ("technical", "regulator", "second_level")
# What staff may tick off as done: what 000, 003 and 004 tell people to try, and what the bot does.
STEPS: Final = (
    "searched_spam",
    "safe_sender",
    "checked_address",
    "resent_once",
    "resent_twice",
    "reset_started",
    "asked_provider",
    "asked_regulator",
)
NOTE_CHARACTERS: Final = 4000


def held(desk: Desk, ticket: int) -> Ticket:
    """Return the ticket, locked for this transaction with its chat; TicketRefused when there is none.

    The chat is locked first, as a turn of the bot does that finds the ticket later: so neither waits for the other
    while the other waits for it.
    """
    of_ticket = select(Ticket.conversation_id).where(Ticket.id == ticket).scalar_subquery()
    desk.session.execute(select(Conversation.id).where(Conversation.id == of_ticket).with_for_update())
    found = desk.session.scalars(select(Ticket).where(Ticket.id == ticket).with_for_update()).one_or_none()
    if found is None:
        raise TicketRefused("ticket_unknown")
    return found


def unresolved(desk: Desk, ticket: int) -> Ticket:
    """Return the ticket, locked; TicketRefused when there is none, or when it is resolved."""
    found = held(desk, ticket)
    if found.state == RESOLVED:
        raise TicketRefused("ticket_resolved")
    return found


def take(desk: Desk, ticket: int, seen_owner: int | None) -> bool:
    """Make it mine; return whether the person is to be told that a human has the chat now.

    TicketRefused when somebody has taken it since the page was shown (`seen_owner`), or when it is resolved.
    """
    found = unresolved(desk, ticket)
    if found.owner_id not in (seen_owner, desk.staff):
        raise TicketRefused("taken_meanwhile", name=_name(desk, found.owner_id))
    if found.owner_id != desk.staff:
        found.owner_id = desk.staff
        ticket_history.add(desk.session, ticket, Kind.TAKEN, desk.now, staff=desk.staff)
    if found.state == NEW:
        found.state = OPEN
    return takeover.begin(desk.session, found)


def hand_over(desk: Desk, ticket: int, to: int | None) -> None:
    """Give it to a colleague, or back to everybody (None); TicketRefused when there is no such colleague."""
    found = unresolved(desk, ticket)
    name = ""
    if to is not None:
        colleague = desk.session.get(Staff, to)
        if colleague is None or colleague.disabled_at is not None:
            raise TicketRefused("no_such_colleague")
        name = colleague.name
    found.owner_id = to
    ticket_history.add(desk.session, ticket, Kind.HANDED_OVER, desk.now, staff=desk.staff, text=name)


def note(desk: Desk, ticket: int, text: str, key: str | None = None) -> None:
    """Write an internal note, under a `key` that no other line has; TicketRefused when it is empty or too long."""
    found = held(desk, ticket)
    if not text.strip():
        raise TicketRefused("note_empty")
    if len(text) > NOTE_CHARACTERS:
        raise TicketRefused("note_too_long", maximum=NOTE_CHARACTERS)
    ticket_history.add(desk.session, found.id, Kind.NOTE, desk.now, staff=desk.staff, text=text.strip(), key=key)
    ticket_words.learn(desk.session, found.id, text)


def mark_step(desk: Desk, ticket: int, step: str) -> None:
    """Note that a step is done; TicketRefused when it is none of STEPS."""
    found = held(desk, ticket)
    if step not in STEPS:
        raise TicketRefused("no_such_step")
    ticket_history.add(desk.session, found.id, Kind.STEP, desk.now, staff=desk.staff, step=step)


def set_subject(desk: Desk, ticket: int, subject: str) -> None:
    """Name the topic that the ticket is about, by the id of its entry."""
    found = held(desk, ticket)
    if subject != found.subject:
        found.subject = subject
        ticket_history.add(desk.session, ticket, Kind.SUBJECT, desk.now, staff=desk.staff, text=subject)
        ticket_words.learn(desk.session, ticket, subject)


def wait_for_person(desk: Desk, ticket: int) -> None:
    """Wait for the person's answer; it is looked at again after five business days."""
    found = unresolved(desk, ticket)
    if found.state != WAITING:
        put_to_wait(desk, found)
        ticket_history.add(desk.session, ticket, Kind.WAITING, desk.now, staff=desk.staff)


def put_to_wait(desk: Desk, ticket: Ticket) -> None:
    """Let the ticket wait for the person, without a line in its history."""
    ticket.state = WAITING
    set_due(ticket, desk.calendar.promise(desk.now, rules.TICKET_WAITS_DAYS))


def escalate(desk: Desk, ticket: int, level: str, reason: str, news: date) -> datetime:
    """Pass it on with the reason and the day of the next news (003); return that day's end.

    TicketRefused when the level is none of LEVELS, the reason is missing, or the day is past or too far ahead.
    """
    found = unresolved(desk, ticket)
    if level not in LEVELS:
        raise TicketRefused("no_such_level")
    if not reason.strip():
        raise TicketRefused("reason_missing")
    due_at = datetime.combine(news, CLOSES, CALIFORNIA)
    if due_at <= desk.now or due_at > desk.calendar.promise(desk.now, rules.TICKET_NEWS_MAX_DAYS):
        raise TicketRefused("news_day_wrong", days=rules.TICKET_NEWS_MAX_DAYS)
    found.state, found.escalated_to = ESCALATED, level
    set_due(found, due_at)
    ticket_history.add(
        desk.session,
        ticket,
        Kind.ESCALATED,
        desk.now,
        staff=desk.staff,
        text=reason.strip(),
        level=level,
        news=due_at.isoformat(),
    )
    return due_at


def resolve(desk: Desk, ticket: int) -> bool:
    """End it; return whether staff had the chat, so that the bot is back in it."""
    found = unresolved(desk, ticket)
    found.state, found.closed_at = RESOLVED, desk.now
    ticket_history.add(desk.session, ticket, Kind.RESOLVED, desk.now, staff=desk.staff)
    return found.conversation_id is not None and takeover.end(desk.session, ticket, found.conversation_id)


def reopen(desk: Desk, ticket: int) -> None:
    """Open a resolved ticket again, with a new promise; TicketRefused when it is not resolved."""
    found = held(desk, ticket)
    if found.state != RESOLVED:
        raise TicketRefused("not_resolved")
    found.state, found.closed_at, found.owner_id = OPEN, None, desk.staff
    set_due(found, desk.calendar.promise(desk.now, rules.SUPPORT_REPLY_MAX_DAYS))
    ticket_history.add(desk.session, ticket, Kind.REOPENED, desk.now, staff=desk.staff)


def _name(desk: Desk, staff: int | None) -> str:
    found = desk.session.get(Staff, staff) if staff is not None else None
    return found.name if found else ""
