"""The kernel: how alike a text and the phrasings are, by words, by pieces of words and, with an encoder, by meaning."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.features import LinearBlock, Matrix, TfIdfBlock, Vector, character_features, word_features
from knowledge.text import stem as english_stem

WITH_MEANING = MappingProxyType({"words": 0.12, "characters": 0.18, "meaning": 0.7})
"""The blocks' weights. By cross-validation on BANKING77 and on our own knowledge words and characters may have between
0.2 and 0.35 together and lose no half point."""

WITHOUT_MEANING = MappingProxyType({"words": 0.4, "characters": 0.6})
"""BANKING77 prefers 0.3 and 0.7, our own knowledge 0.5 and 0.5, both by a hair."""

STEEPNESS = np.float32(2)
"""Of the meaning block, exp(2(cos - 1)). Three is as good on BANKING77 and loses half a point on our own knowledge."""

MOST_COMPARED_WHOLE = 6_500
"""Phrasings that are compared each with each: so many take 170 MB and fifteen seconds once. Where there are more,
MOST_COMPARED of them, taken evenly, stand for all."""

MOST_COMPARED = 2_048
"""With so many of 3,600 standing for all, of a hundred held-out questions one less comes first, and five less
are sure."""

JITTER = np.float32(1e-3)
"""Added to what a phrasing has in common with itself, so that two of the same words do no harm."""

ROWS_AT_ONCE = 500


class Products(Protocol):
    """The kernel of the phrasings among themselves, as what a fit needs of it."""

    def times(self, matrix: Matrix) -> Matrix:
        """Return the kernel times a matrix that has a row for each phrasing."""

    def compared(self, weights: Matrix) -> Matrix:
        """Return weights of the phrasings compared with that give the scores which these weights of all give."""


def compared_of(count: int) -> NDArray[np.intp]:
    """Return the numbers of those of so many phrasings that texts are compared with."""
    places = np.linspace(0, max(count - 1, 0), count if count <= MOST_COMPARED_WHOLE else MOST_COMPARED)
    return places.round().astype(np.intp)


class Kernel:
    """Compares texts with phrasings. Immutable once made."""

    def __init__(
        self, phrasings: Sequence[Sequence[str]], vectors: Matrix | None, stem: Callable[[str], str] = english_stem
    ) -> None:
        """Compare with these phrasings, split into words; `vectors` has a row for each, if there is an encoder."""
        self.compared = compared_of(len(phrasings))
        self._size = len(phrasings)
        self.weights: Mapping[str, float] = WITHOUT_MEANING if vectors is None else WITH_MEANING
        self._words = TfIdfBlock(phrasings, partial(word_features, stem=stem), self.compared.tolist())
        self._characters = TfIdfBlock(phrasings, character_features, self.compared.tolist())
        self._vectors = None if vectors is None else vectors[self.compared]

    def blocks(self, words: Sequence[str], vector: Vector | None) -> Mapping[str, Vector]:
        """Return for each block how alike a text is to the phrasings compared with: 1 for the same.

        A text that has no piece of a word in common with any phrasing means nothing to the encoder either.
        """
        rows = {"words": self._words.row(words), "characters": self._characters.row(words)}
        if self._vectors is not None and vector is not None and rows["characters"].any():
            rows["meaning"] = steep(np.vecdot(self._vectors, vector))  # `@` waits for threads
        return rows

    def linear(self, weights: Matrix) -> tuple[LinearBlock, LinearBlock]:
        """Return what words and characters of a text add to a row, times weights of the phrasings compared with."""
        return (
            self._words.times(np.float32(self.weights["words"]) * weights),
            self._characters.times(np.float32(self.weights["characters"]) * weights),
        )

    def products(self, vectors: Matrix | None) -> Products:
        """Return the kernel of the phrasings among themselves: whole, or approximated, after Nystroem."""
        among = self._table(self.compared, vectors)
        if self._size == len(among):
            return _Whole(among)
        among[np.diag_indices_from(among)] += JITTER
        back = np.linalg.inv(np.linalg.cholesky(among)).T
        return _LowRank(self._table(np.arange(self._size), vectors) @ back, back)

    def _table(self, numbers: NDArray[np.intp], vectors: Matrix | None) -> Matrix:
        """How alike the phrasings numbered are to those compared with."""
        table = self._words.table(numbers)
        table *= np.float32(self.weights["words"])
        weight = np.float32(self.weights["characters"])
        for start in range(0, len(numbers), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            table[part] += weight * self._characters.table(numbers[part])
            if self._vectors is not None and vectors is not None:
                table[part] += np.float32(self.weights["meaning"]) * steep(vectors[numbers[part]] @ self._vectors.T)
        return table


@dataclass(frozen=True, slots=True)
class _Whole:
    gram: Matrix

    def times(self, matrix: Matrix) -> Matrix:
        return self.gram @ matrix

    def compared(self, weights: Matrix) -> Matrix:
        return weights


@dataclass(frozen=True, slots=True)
class _LowRank:
    """Rows whose products are the kernel, nearly; and what makes weights of theirs weights of the compared."""

    rows: Matrix
    back: Matrix

    def times(self, matrix: Matrix) -> Matrix:
        return self.rows @ (self.rows.T @ matrix)

    def compared(self, weights: Matrix) -> Matrix:
        return self.back @ (self.rows.T @ weights)


def steep(cosines: Matrix) -> Matrix:
    """Return how alike texts are in meaning by the cosines of their vectors."""
    alike: Matrix = np.exp(STEEPNESS * (cosines - np.float32(1)))
    return alike
