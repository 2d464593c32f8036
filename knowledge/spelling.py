"""Mistyped words, repaired towards the words of the knowledge base and nothing else."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA, Hamming

from knowledge.text import stem as english_stem

SHORTEST_REPAIRED = 4
LONGEST_REPAIRED = 24
LONGEST_WITH_ONE_EDIT = 6
"""Letters up to which one edit is repaired; above it two are."""

LONGEST_WITHOUT_TWO_REPLACED = 9
"""Letters up to which two replaced letters mean another word ("passport", "password") and not a slip."""

COMMON = 1 / 1000
"""Times a phrasing that a word must occur, for each edit, to be what was meant: a rare word is seldom the one typed
wrong, and most strange words are right English that the knowledge base happens not to use."""

MOST_REPAIRS = 24
"""Different words of one text that are tried: what has more strange ones is not English."""


class Speller:
    """Repairs words that neither the phrasings nor the other known words have. Immutable once made."""

    def __init__(
        self,
        phrasings: Sequence[Sequence[str]],
        also_known: Iterable[str] = (),
        stem: Callable[[str], str] = english_stem,
    ) -> None:
        self._stem = stem
        self._count = Counter(word for words in phrasings for word in words)
        self._known = frozenset(map(stem, [*self._count, *also_known])).union(self._count)
        self._needed = [math.ceil(edits * COMMON * len(phrasings)) for edits in range(3)]
        self._by_length: dict[int, list[str]] = {}
        for word in sorted(self._count):
            if word.isalpha() and len(word) >= SHORTEST_REPAIRED - 1:
                self._by_length.setdefault(len(word), []).append(word)

    def repairs(self, words: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return the mistyped words with what was meant: another word, or two that were run together."""
        strange = [word for word in dict.fromkeys(words) if self._may_be_mistyped(word)][:MOST_REPAIRS]
        return {word: self._mended(word) for word in strange}

    def _may_be_mistyped(self, word: str) -> bool:
        return (
            word not in self._known
            and SHORTEST_REPAIRED <= len(word) <= LONGEST_REPAIRED
            and word.isalpha()
            and self._stem(word) not in self._known
        )

    def _mended(self, word: str) -> tuple[str, ...]:
        most = 1 if len(word) <= LONGEST_WITH_ONE_EDIT else 2
        near = [
            (edits, -self._count[known], known)
            for length in range(len(word) - most, len(word) + most + 1)
            for known, edits, _ in process.extract(
                word, self._by_length.get(length, ()), scorer=OSA.distance, score_cutoff=most, limit=None
            )
            if self._count[known] >= self._needed[edits] and _plausible(word, known, edits)
        ]
        return (min(near)[2],) if near else self._set_apart(word)

    def _set_apart(self, word: str) -> tuple[str, ...]:
        halves = [(word[:cut], word[cut:]) for cut in range(3, len(word) - 2)]
        rarer = [min(self._count[first], self._count[second]) for first, second in halves]
        commonest = max(rarer, default=0)
        return halves[rarer.index(commonest)] if commonest >= max(self._needed[2], 1) else (word,)


def _plausible(typed: str, known: str, edits: int) -> bool:
    """Whether a slip of the fingers explains the difference, rather than another word that looks alike."""
    if typed[0] != known[0] and sorted(typed[:2]) != sorted(known[:2]):
        return edits == 1 and (typed[1:] == known or typed == known[1:])
    if len(typed) != len(known):
        return True
    replaced = Hamming.distance(typed, known)
    if edits == replaced == 1:
        return len(typed) > SHORTEST_REPAIRED
    return edits != replaced or len(typed) > LONGEST_WITHOUT_TWO_REPLACED
