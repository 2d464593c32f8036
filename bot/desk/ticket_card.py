"""How a ticket looks in the staff's group: its card with buttons, and a line for each thing that happened to it."""

from collections.abc import Iterator, Sequence

from bot.desk.clock import Clock
from bot.dialogue.files import worded
from bot.dialogue.messages import Button, Reply
from core.recovery import RESEND_ACTIVATION, RESET_PASSWORD
from core.ticket_history import Happened, Kind
from core.ticket_pages import TicketPage
from core.tickets import number_of
from knowledge.library import Language

# What can be started for the ticket's account by a button; more of it is on the desk's pages.
STARTED = (RESEND_ACTIVATION, RESET_PASSWORD)
_HEARD_OTHERWISE = {Kind.OPENED, Kind.PERSON_WROTE}  # by the card, and in their own words


def topic_name(language: Language, page: TicketPage) -> str:
    """Return how the ticket's topic is called."""
    happened = " ".join(page.ticket.happened.split())
    return language.desk_text("group_topic", number=number_of(page.ticket.id), happened=happened)


def card(language: Language, page: TicketPage, clock: Clock, address: str) -> Reply:
    """Return the ticket's card; `address` is that of the service's pages."""
    return Reply("\n\n".join(_card_lines(language, page, clock, address)), _buttons(language, page))


def lines(language: Language, happened: Sequence[Happened], said_here: set[int], heard: Sequence[str]) -> Iterator[str]:
    """Yield what is to be told of the history, as Markdown; `heard` is what the person wrote meanwhile, in order.

    What was written in the topic itself (`said_here`) stands there already.
    """
    words = iter(heard)
    for line in happened:
        if line.kind == Kind.PERSON_WROTE:
            yield _text(language, "group_person", text=worded(language, next(words, "…")))
        elif line.kind not in _HEARD_OTHERWISE and line.id not in said_here:
            yield _line(language, line)


def undelivered(language: Language, line: Happened) -> str:
    """Return that a reply did not reach the person, and why, as Markdown."""
    beginning = worded(language, " ".join(line.text.split())[:60])
    return _text(language, "group_undelivered", name=line.staff, text=beginning, why=line.failure)


def refused(language: Language, phrase: str, **fields: object) -> str:
    """Return that nothing was done, and why, as Markdown; where pages say it in other words, the group's own."""
    own = f"group_refused_{phrase}"
    return _text(language, own if own in language.desk.texts else f"refused_{phrase}", **fields)


def with_lines(text: str) -> str:
    """Return the Markdown `text` with its lines as they are: Markdown would join them."""
    return text.replace("\n", "  \n")


def button(language: Language, key: str, verb: str, ticket: int, what: str = "", **fields: object) -> Button:
    """Return a button that does something to the ticket."""
    return Button(language.desk_text(key, **fields), f"{verb}.{ticket}.{what}")


def _card_lines(language: Language, page: TicketPage, clock: Clock, address: str) -> Iterator[str]:
    ticket = page.ticket
    number = number_of(ticket.id)
    yield _text(
        language,
        "group_card",
        number=number,
        who=language.desk_text("verified" if ticket.verified_at else "not_verified"),
        owner=language.desk_text("owned_by", name=page.owner) if page.owner else language.desk_text("owned_by_nobody"),
        due=clock.moment(ticket.due_at),
    )
    yield _text(language, "group_happened", text=ticket.happened)
    if ticket.tried:
        yield _text(language, "group_tried", text=ticket.tried)
    if page.requested:
        kinds = dict.fromkeys(each.kind for each in page.requested)
        done = ", ".join(language.desk_text(f"request_{kind}") for kind in kinds)
        yield _text(language, "group_requested", text=done)
    if ticket.telephone:
        yield _text(language, "group_telephone", telephone=ticket.telephone, hours=ticket.hours)
    if ticket.previous_id:
        yield _text(language, "previous", number=number_of(ticket.previous_id))
    yield _text(language, "group_how", address=f"{address}/desk/tickets/{number}")


def _buttons(language: Language, page: TicketPage) -> tuple[Button, ...]:
    ticket = page.ticket
    started = STARTED if ticket.account_id is not None else ()
    return (
        button(language, "take", "take", ticket.id, str(ticket.owner_id or 0)),
        button(language, "hand_over", "colleagues", ticket.id),
        button(language, "resolve", "resolve", ticket.id),
        *(button(language, f"group_{action}", "start", ticket.id, action) for action in started),
    )


def _line(language: Language, line: Happened) -> str:
    what = language.desk_text(f"event_{line.kind}")
    if line.kind == Kind.STEP:
        text = language.desk_text(f"step_{line.detail['step']}")
    elif line.kind == Kind.STARTED:
        text = language.desk_text(f"request_{line.detail['action']}")
    elif line.kind == Kind.SUBJECT:
        entry = language.entries.get(line.text)
        text = entry.question if entry else language.desk_text("no_subject")
    else:
        text = worded(language, line.text)
    who = f"group_{'by' if line.staff else 'it'}"
    first = _text(language, who, what=what, name=line.staff)
    return f"{first}  \n{_text(language, 'group_text', text=text)}" if text else first


def _text(language: Language, key: str, **fields: object) -> str:
    return with_lines(language.desk.markdown(key, fields))
