"""Words and pieces of words as features, and how alike two texts are by the rare ones that they share."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
Matrix = NDArray[np.float32]

SHORTEST_GRAM, LONGEST_GRAM = 2, 4

COMMON = 16
"""A feature that more than one in so many phrasings have is kept as a row of what it adds to each of them: adding rows
is three times as fast as going through postings, of which common pieces of words make nine in ten."""

FEATURES_AT_ONCE = 1024

SHORTEST = 1e-9
"""Of a text without any feature, so that nothing is divided by zero."""

LONGEST_WORD = 32
"""Characters of a word that are compared: what is longer is no word."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The features of the phrasings and how rare each is: the square of its inverse document frequency.

    Features that no phrasing has count in a text's length, too: a text of mostly strange words is similar to nothing.
    """

    number: Mapping[str, int]
    rarity: NDArray[np.float64]
    strange_rarity: float

    @classmethod
    def of(cls, sets: Sequence[Collection[str]]) -> "Vocabulary":
        """Learn it from the sets of features of all phrasings."""
        frequency = Counter(feature for each in sets for feature in each)
        counts = np.fromiter(frequency.values(), np.intp, len(frequency))
        return cls(
            {feature: number for number, feature in enumerate(frequency)},
            np.square(np.log((1 + len(sets)) / (1 + counts)) + 1),
            float(np.square(np.log(1 + len(sets)) + 1)),
        )

    def known(self, features: Iterable[str]) -> tuple[NDArray[np.int32], float]:
        """Return the numbers of those of a text's features that are known, and the text's length."""
        found = list(map(self.number.get, set(features)))
        known = np.array([number for number in found if number is not None], np.int32)
        strange = len(found) - len(known)
        return known, max(float(np.sqrt(self.rarity[known].sum() + strange * self.strange_rarity)), SHORTEST)


@dataclass(frozen=True, slots=True)
class LinearBlock:
    """A block times weights of the phrasings, in its primal form: `weights` has a row for each feature."""

    vocabulary: Vocabulary
    weights: Matrix

    def scores(self, features: Iterable[str]) -> Vector | None:
        """Return the scores of a text of these features; None where it has none in common with any phrasing."""
        known, length = self.vocabulary.known(features)
        if not len(known):
            return None
        scores: Vector = self.weights[known].sum(axis=0) / np.float32(length)
        return scores


class TfIdfBlock:
    """The cosine of two sets of features, each feature weighted by how rare it is. Immutable once made."""

    def __init__(
        self,
        phrasings: Sequence[Sequence[str]],
        features: Callable[[Sequence[str]], Iterable[str]],
        compared: Sequence[int] | None = None,
    ) -> None:
        """Learn from all phrasings how rare each feature is; compare texts with those numbered, or with all."""
        self._features = features
        sets = [set(features(words)) for words in phrasings]
        self._vocabulary = Vocabulary.of(sets)
        number = self._vocabulary.number
        self._sets = [np.fromiter(map(number.__getitem__, each), np.int32, len(each)) for each in sets]
        norms = np.array([self._length(each) for each in self._sets])
        compared = range(len(sets)) if compared is None else compared
        self._norm = norms[compared]
        flat = np.concatenate([np.zeros(0, np.int32), *(self._sets[number] for number in compared)])
        owners = np.repeat(np.arange(len(compared)), [len(self._sets[number]) for number in compared])
        self._owner = owners[np.argsort(flat, kind="stable")].astype(np.int32)
        self._count = np.bincount(flat, minlength=len(number))
        self._end = np.cumsum(self._count)
        self._common = np.flatnonzero(self._count > len(compared) / COMMON)
        self._place_of_common = np.full(len(number), -1, np.intp)
        self._place_of_common[self._common] = np.arange(len(self._common))
        self._rows_of_common = np.stack(
            [np.zeros(len(compared), np.float32), *(self._adds(np.array([number])) for number in self._common)]
        )[1:]

    def table(self, numbers: Iterable[int]) -> Matrix:
        """Return the similarity of the phrasings numbered with those compared with: 1 with itself."""
        chosen = [self._sets[number] for number in numbers]
        table = np.empty((len(chosen), len(self._norm)), np.float32)
        for row, each in zip(table, chosen, strict=True):
            row[:] = self._shared(each) / self._length(each)
        return table

    def row(self, words: Sequence[str]) -> Vector:
        """Return the similarity of a text with the phrasings compared with, 0 where nothing is shared."""
        known, length = self._vocabulary.known(self._features(words))
        return (self._shared(known) / length).astype(np.float32)

    def times(self, weights: Matrix) -> LinearBlock:
        """Return what a text's row times `weights`, which have a row for each phrasing compared with, comes to."""
        table = np.zeros((len(self._count), weights.shape[1]), np.float32)
        scaled = weights / self._norm[:, np.newaxis].astype(np.float32)
        for start in range(0, len(table), FEATURES_AT_ONCE):
            counts = self._count[start : start + FEATURES_AT_ONCE]
            end = self._end[start : start + FEATURES_AT_ONCE]
            rows = scaled[self._owner[end[0] - counts[0] : end[-1]]]
            present = np.flatnonzero(counts)
            if len(present):
                begins = (end - counts - (end[0] - counts[0]))[present]
                table[start + present] = np.add.reduceat(rows, begins, axis=0)
        table *= self._vocabulary.rarity[:, np.newaxis].astype(np.float32)
        return LinearBlock(self._vocabulary, table)

    def _length(self, numbers: NDArray[np.int32]) -> float:
        return max(float(np.sqrt(self._vocabulary.rarity[numbers].sum())), SHORTEST)

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
        weights = np.repeat(self._vocabulary.rarity[known], counts)
        adds: Vector = (np.bincount(self._owner[places], weights, minlength=len(self._norm)) / self._norm).astype(
            np.float32
        )
        return adds


def word_features(words: Sequence[str], stem: Callable[[str], str]) -> list[str]:
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
