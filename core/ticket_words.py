"""The words of tickets, by which staff find them among many."""

import re
import unicodedata

from sqlalchemy import ColumnElement, and_, insert, or_, select
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
    endings = [digits[-length:] for _, digits in _telephones(text) for length in (len(digits), *_ENDINGS)]
    words = list(dict.fromkeys([*endings, *words_of(text)]))[:WORDS_AT_ONCE]
    known = set(
        session.scalars(select(TicketWord.word).where(TicketWord.ticket_id == ticket, TicketWord.word.in_(words)))
    )
    fresh = [{"word": word, "ticket_id": ticket} for word in words if word not in known]
    if fresh:
        session.execute(insert(TicketWord), fresh)


def found(text: str) -> list[ColumnElement[bool]]:
    """Return the conditions that a ticket has every word of `text`, or one that begins with it.

    A telephone number is found however either is written, with or without its area, and by its parts as words.
    """
    numbers = [or_(_has(digits[-max(_ENDINGS) :]), *_parts(written)) for written, digits in _telephones(text)]
    return [*numbers, *map(_has, words_of(_TELEPHONE.sub(" ", text)))][:WORDS_OF_A_SEARCH]


def _has(word: str) -> ColumnElement[bool]:
    return Ticket.id.in_(select(TicketWord.ticket_id).where(TicketWord.word >= word, TicketWord.word < word + _LAST))


def _parts(written: str) -> list[ColumnElement[bool]]:
    """Return the one condition that a ticket has each part of what may be a date or two numbers, if it has parts."""
    words = words_of(written)[:WORDS_OF_A_SEARCH]
    return [and_(*map(_has, words))] if words else []


def _telephones(text: str) -> list[tuple[str, str]]:
    """Return each telephone number in a text: as it is written, and its digits."""
    return [(each, "".join(filter(str.isdecimal, each))) for each in _TELEPHONE.findall(text)]
