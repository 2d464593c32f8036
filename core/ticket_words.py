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
_TELEPHONE = re.compile(r"\+?\(?\d(?:[ ().\-/]{0,2}\d){6,14}")
_ENDINGS = (10, 7)  # digits of a telephone number that people look for: with its area and without it
_LAST = "\U0010ffff"


def words_of(text: str) -> list[str]:
    """Return the words of `text` as they are compared, each once: two letters or more, without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(each for each in plain if not unicodedata.combining(each))
    return list(dict.fromkeys(word[:_LONGEST] for word in _WORD.findall(bare) if len(word) > 1))


def learn(session: Session, ticket: int, *texts: str) -> None:
    """Let the ticket be found by the first WORDS_AT_ONCE words of `texts` as well, and by telephone numbers."""
    text = " ".join(texts)
    endings = [digits[-length:] for digits in _telephones(text) for length in (len(digits), *_ENDINGS)]
    words = list(dict.fromkeys([*endings, *words_of(text)]))[:WORDS_AT_ONCE]
    known = set(
        session.scalars(select(TicketWord.word).where(TicketWord.ticket_id == ticket, TicketWord.word.in_(words)))
    )
    fresh = [{"word": word, "ticket_id": ticket} for word in words if word not in known]
    if fresh:
        session.execute(insert(TicketWord), fresh)


def found(text: str) -> list[ColumnElement[bool]]:
    """Return the conditions that a ticket has every word of `text`, or one that begins with it.

    A telephone number is found however either is written, with or without its area.
    """
    numbers = [digits[-max(_ENDINGS) :] for digits in _telephones(text)]
    words = [*numbers, *words_of(_TELEPHONE.sub(" ", text))]
    return [
        Ticket.id.in_(select(TicketWord.ticket_id).where(TicketWord.word >= word, TicketWord.word < word + _LAST))
        for word in words[:WORDS_OF_A_SEARCH]
    ]


def _telephones(text: str) -> list[str]:
    """Return the digits of each telephone number in a text."""
    return ["".join(filter(str.isdecimal, each)) for each in _TELEPHONE.findall(text)]
