"""A message taken apart: into sentences, so that a question is found behind its story, and into two questions."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain

from knowledge.text import LONGEST_TEXT, normalise

FEWEST_WORDS = 3
"""Words of a sentence that stands alone; a shorter one ("Hello.") belongs to its neighbour."""

MOST_SENTENCES = 6
"""Sentences that are told apart, the last ones; what comes before them is one."""

MOST_PIECES = 60
"""Pieces of a text beyond which it is no story, but something pasted."""

_END = re.compile(r"(?<=[.!?;])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """The words of a sentence, normalised, and whether it ends with a question mark."""

    words: tuple[str, ...]
    asks: bool

    def __str__(self) -> str:
        """Return the words, with a space between them."""
        return " ".join(self.words)


def sentences(text: str) -> list[Sentence]:
    """Return the sentences of a text, at least one; together they have the words of the normalised text."""
    whole = Sentence(tuple(normalise(text).split()), _asks(text))
    pieces = _END.split(text[:LONGEST_TEXT])
    found: list[Sentence] = []
    for piece in pieces if 1 < len(pieces) <= MOST_PIECES else ():
        sentence = Sentence(tuple(normalise(piece).split()), _asks(piece))
        if found and min(len(found[-1].words), len(sentence.words)) < FEWEST_WORDS:
            found[-1] = joined([found[-1], sentence])
        elif sentence.words:
            found.append(sentence)
    if (
        not found or joined(found).words != whole.words
    ):  # letters of two scripts can be read otherwise in the whole than in parts
        found = [whole]
    first = len(found) - MOST_SENTENCES + 1
    return [joined(found[:first]), *found[first:]] if len(found) > MOST_SENTENCES else found


def halves(sentence: Sentence, joining: Collection[str]) -> tuple[Sentence, Sentence] | None:
    """Return what a joining word joins, the one nearest to the middle; None where nothing long enough is joined."""
    words = sentence.words
    places = [
        place
        for place, word in enumerate(words)
        if word in joining and min(place, len(words) - place - 1) >= FEWEST_WORDS
    ]
    if not places:
        return None
    place = min(places, key=lambda place: abs(2 * place - len(words)))
    return Sentence(words[:place], sentence.asks), Sentence(words[place + 1 :], sentence.asks)


def joined(parts: Sequence[Sentence]) -> Sentence:
    """Return the sentences as one."""
    return Sentence(tuple(chain.from_iterable(part.words for part in parts)), any(part.asks for part in parts))


def _asks(text: str) -> bool:
    return text.rstrip(" \t\n\"')").endswith("?")
