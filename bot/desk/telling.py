"""What is to be told of one ticket in the staff's group, read in one transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.desk import ticket_card
from bot.desk.staff_group import SAID_HERE
from bot.dialogue.messages import Copied, Reply
from bot.dialogue.takeover import TO_STAFF
from core import ticket_pages, topics
from core.ticket_history import Kind
from core.ticket_pages import TicketPage
from core.tickets import RESOLVED
from core.topics import News
from knowledge.library import Language


@dataclass(frozen=True, slots=True)
class Telling:
    """The news of a ticket: `said` where there is anything to say, and what the person sent that is no text."""

    news: News
    page: TicketPage
    said: Reply | None
    files: list[Copied]

    @property
    def is_any(self) -> bool:
        """Whether anything is to be said."""
        return self.news.is_new or self.said is not None

    @property
    def is_resolved(self) -> bool:
        """Whether the ticket is resolved, and its topic closed."""
        return self.page.ticket.state == RESOLVED


def telling(session: Session, language: Language, ticket: int, now: datetime) -> Telling | None:
    """Return what is to be told of the ticket; None when it is no longer there."""
    page = ticket_pages.open_page(session, ticket, 0, now)
    if page is None:
        return None
    news = topics.news(session, ticket, SAID_HERE)
    heard = topics.heard(session, ticket, news.lines, TO_STAFF)
    texts = [
        *ticket_card.lines(language, news.lines, news.said_here, heard),
        *(ticket_card.undelivered(language, line) for line in news.refused),
    ]
    resolving = [line for line in news.lines if line.kind == Kind.RESOLVED] and page.ticket.state == RESOLVED
    buttons = (ticket_card.button(language, "reopen", "reopen", ticket),) if resolving else ()
    said = Reply("\n\n".join(texts), buttons) if texts else None
    return Telling(news, page, said, _files(news, page, heard))


def _files(news: News, page: TicketPage, heard: list[str]) -> list[Copied]:
    """Return what came with the lines that the person wrote; what they had forgotten since is not among it."""
    wrote = [line for line in news.lines if line.kind == Kind.PERSON_WROTE]
    return [
        Copied(page.channel, page.chat, str(line.detail["message"]))
        for line, _ in zip(wrote, heard, strict=False)
        if "message" in line.detail
    ]
