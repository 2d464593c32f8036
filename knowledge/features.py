"""Blocks of features: each compares a text with all phrasings, and their weighted sum is the matcher's kernel."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.text import stem

Vector = NDArray[np.float32]
Matrix = NDArray[np.float32]

SHORTEST_GRAM, LONGEST_GRAM = 2, 4

LONGEST_WORD = 32
"""Characters of a word that are compared: what is longer is no word."""


class Block(Protocol):
    """One way to compare texts, on a scale on which a phrasing compared with itself is 1."""

    def gram(self) -> Matrix:
        """Return the similarity of every phrasing with every phrasing."""

    def row(self, words: Sequence[str]) -> Vector:
        """Return the similarity of a text with every phrasing, 0 where nothing is shared."""


class TfIdfBlock:
    """The cosine of two sets of features, each feature weighted by how rare it is. Immutable once made.

    Features that no phrasing has count in a text's length: a text of mostly strange words is similar to nothing.
    """

    def __init__(self, phrasings: Sequence[Sequence[str]], features: Callable[[Sequence[str]], Iterable[str]]) -> None:
        self._features = features
        self._size = len(phrasings)
        sets = [set(features(words)) for words in phrasings]
        frequency = Counter(feature for each in sets for feature in each)
        self._index = {feature: number for number, feature in enumerate(frequency)}
        counts = np.fromiter(frequency.values(), np.intp, len(frequency))
        self._weight = np.square(np.log((1 + self._size) / (1 + counts)) + 1)
        self._strange_weight = float(np.square(np.log(1 + self._size) + 1))
        self._end = np.cumsum(counts)
        self._count = counts
        numbers = [np.fromiter(map(self._index.__getitem__, each), np.intp, len(each)) for each in sets]
        owners = np.repeat(np.arange(self._size), [len(each) for each in numbers])
        flat = np.concatenate(numbers) if numbers else np.zeros(0, np.intp)
        self._owner = owners[np.argsort(flat, kind="stable")]
        self._numbers = numbers
        self._norm = np.sqrt([max(self._weight[each].sum(), 1e-9) for each in numbers])

    def gram(self) -> Matrix:
        """Return the similarity of every phrasing with every phrasing."""
        gram = np.empty((self._size, self._size), np.float32)
        for row, each, norm in zip(gram, self._numbers, self._norm, strict=True):
            row[:] = self._shared(each) / norm
        return gram

    def row(self, words: Sequence[str]) -> Vector:
        """Return the similarity of a text with every phrasing, 0 where nothing is shared."""
        found = list(map(self._index.get, set(self._features(words))))
        known = np.array([number for number in found if number is not None], np.intp)
        strange = len(found) - len(known)
        norm = float(np.sqrt(self._weight[known].sum() + strange * self._strange_weight))
        return (self._shared(known) / max(norm, 1e-9)).astype(np.float32)

    def _shared(self, known: NDArray[np.intp]) -> NDArray[np.float64]:
        counts = self._count[known]
        starts = self._end[known] - np.cumsum(counts)
        places = np.repeat(starts, counts) + np.arange(counts.sum())
        weights = np.repeat(self._weight[known], counts)
        return np.bincount(self._owner[places], weights, minlength=self._size) / self._norm


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
