"""The words of tickets, by which staff find them among many."""

import re
import unicodedata

from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.orm import Session

from core.tables import Ticket, TicketWord

WORDS_AT_ONCE = 300
WORDS_OF_A_SEARCH = 6
_LONGEST = 40
_WORD = re.compile(r"\w+")
_LAST = "\U0010ffff"


def words_of(text: str) -> list[str]:
    """Return the words of `text` as they are compared, each once: two letters or more, without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(each for each in plain if not unicodedata.combining(each))
    return list(dict.fromkeys(word[:_LONGEST] for word in _WORD.findall(bare) if len(word) > 1))


def learn(session: Session, ticket: int, *texts: str) -> None:
    """Let the ticket be found by the first WORDS_AT_ONCE words of `texts` as well."""
    words = words_of(" ".join(texts))[:WORDS_AT_ONCE]
    known = set(
        session.scalars(select(TicketWord.word).where(TicketWord.ticket_id == ticket, TicketWord.word.in_(words)))
    )
    fresh = [{"word": word, "ticket_id": ticket} for word in words if word not in known]
    if fresh:
        session.execute(insert(TicketWord), fresh)


def found(text: str) -> list[ColumnElement[bool]]:
    """Return the conditions that a ticket has every word of `text`, or one that begins with it."""
    return [
        Ticket.id.in_(select(TicketWord.ticket_id).where(TicketWord.word >= word, TicketWord.word < word + _LAST))
        for word in words_of(text)[:WORDS_OF_A_SEARCH]
    ]
