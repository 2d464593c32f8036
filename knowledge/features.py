"""Words and pieces of words as features, and how alike two texts are by the rare ones that they share."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from knowledge.text import stem

Vector = NDArray[np.float32]
Matrix = NDArray[np.float32]

SHORTEST_GRAM, LONGEST_GRAM = 2, 4

COMMON = 16
"""A feature that more than one in so many phrasings have is kept as a row of what it adds to each of them: adding rows
is three times as fast as going through postings, of which common pieces of words make nine in ten."""

LONGEST_WORD = 32
"""Characters of a word that are compared: what is longer is no word."""


class TfIdfBlock:
    """The cosine of two sets of features, each feature weighted by how rare it is. Immutable once made.

    Features that no phrasing has count in a text's length: a text of mostly strange words is similar to nothing.
    """

    def __init__(
        self,
        phrasings: Sequence[Sequence[str]],
        features: Callable[[Sequence[str]], Iterable[str]],
        compared: Sequence[int] | None = None,
    ) -> None:
        """Learn from all phrasings how rare each feature is; compare texts with those numbered, or with all."""
        self._features = features
        sets = [set(features(words)) for words in phrasings]
        frequency = Counter(feature for each in sets for feature in each)
        self._number = {feature: number for number, feature in enumerate(frequency)}
        counts = np.fromiter(frequency.values(), np.intp, len(frequency))
        self._weight = np.square(np.log((1 + len(sets)) / (1 + counts)) + 1)
        self._strange_weight = float(np.square(np.log(1 + len(sets)) + 1))
        self._sets = [np.fromiter(map(self._number.__getitem__, each), np.int32, len(each)) for each in sets]
        norms = np.sqrt([max(self._weight[each].sum(), 1e-9) for each in self._sets])
        compared = range(len(sets)) if compared is None else compared
        self._norm = norms[compared]
        flat = np.concatenate([np.zeros(0, np.int32), *(self._sets[number] for number in compared)])
        owners = np.repeat(np.arange(len(compared)), [len(self._sets[number]) for number in compared])
        self._owner = owners[np.argsort(flat, kind="stable")].astype(np.int32)
        self._count = np.bincount(flat, minlength=len(frequency))
        self._end = np.cumsum(self._count)
        self._common = np.flatnonzero(self._count > len(compared) / COMMON)
        self._place_of_common = np.full(len(frequency), -1, np.intp)
        self._place_of_common[self._common] = np.arange(len(self._common))
        self._rows_of_common = np.stack(
            [np.zeros(len(compared), np.float32), *(self._adds(np.array([number])) for number in self._common)]
        )[1:]

    def table(self, numbers: Iterable[int]) -> Matrix:
        """Return the similarity of the phrasings numbered with those compared with: 1 with itself."""
        chosen = [self._sets[number] for number in numbers]
        table = np.empty((len(chosen), len(self._norm)), np.float32)
        for row, each in zip(table, chosen, strict=True):
            row[:] = self._shared(each) / np.sqrt(max(self._weight[each].sum(), 1e-9))
        return table

    def row(self, words: Sequence[str]) -> Vector:
        """Return the similarity of a text with the phrasings compared with, 0 where nothing is shared."""
        found = list(map(self._number.get, set(self._features(words))))
        known = np.array([number for number in found if number is not None], np.int32)
        strange = len(found) - len(known)
        norm = float(np.sqrt(self._weight[known].sum() + strange * self._strange_weight))
        return (self._shared(known) / max(norm, 1e-9)).astype(np.float32)

    def _shared(self, known: NDArray[np.int32]) -> Vector:
        places = self._place_of_common[known]
        common = self._rows_of_common[places[places >= 0]]
        shared: Vector = self._adds(known[places < 0]) + common.sum(axis=0)
        return shared

    def _adds(self, known: NDArray[np.int32]) -> Vector:
        """Return what these features add to the similarity with each phrasing, one posting after the other."""
        counts = self._count[known]
        starts = self._end[known] - np.cumsum(counts)
        places = np.repeat(starts, counts) + np.arange(counts.sum())
        weights = np.repeat(self._weight[known], counts)
        adds = np.bincount(self._owner[places], weights, minlength=len(self._norm)) / self._norm
        return adds.astype(np.float32)


def word_features(words: Sequence[str]) -> list[str]:
    """Return the stems, pairs of neighbouring stems (so that "log in" is "login"), and scripts that are not Latin."""
    stems = [stem(word[:LONGEST_WORD]) for word in words]
    scripts = [_script(word) for word in words if not word.isascii()]
    return stems + [stem(first + second) for first, second in pairwise(stems)] + scripts


def character_features(words: Sequence[str]) -> list[str]:
    """Return the runs of two to four characters of each word, its edges included."""
    return [gram for word in words for gram in _grams(word[:LONGEST_WORD])]


def _script(word: str) -> str:
    return " " + unicodedata.name(word[0], "?").split()[0]


@lru_cache(maxsize=8192)
def _grams(word: str) -> tuple[str, ...]:
    edged = f" {word} "
    return tuple(
        edged[start : start + length]
        for length in range(SHORTEST_GRAM, LONGEST_GRAM + 1)
        for start in range(max(len(edged) - length, 0) + 1)
    )
