"""Texts as rows of numbers whose products tell how alike they are; by their words alone, in one pass over many."""

import zlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from knowledge.text import normalise, stem

Matrix = NDArray[np.float32]

WIDTH = 512
"""Numbers a row: features share them by their hash, which blurs a product by about 0.04."""

BUCKETS = 1 << 20
"""Features that are counted apart."""

ROWS_AT_ONCE = 4_000


def lexical(texts: Sequence[str]) -> Matrix:
    """Return a row for each text: stems, pairs of stems and runs of three letters, each weighted by how rare it is."""
    pieces = [_pieces(text) for text in texts]
    lengths = np.fromiter(map(len, pieces), np.intp, len(pieces))
    flat = np.fromiter(chain.from_iterable(pieces), np.int64, int(lengths.sum())) % BUCKETS
    rarity = np.log((1 + len(texts)) / (1 + np.bincount(flat, minlength=BUCKETS))) + 1
    weights = rarity[flat] * np.where(flat & 1, 1.0, -1.0)
    columns = (flat >> 1) % WIDTH
    ends = np.concatenate([[0], np.cumsum(lengths)])
    rows = np.zeros((len(texts), WIDTH), np.float32)
    for start in range(0, len(texts), ROWS_AT_ONCE):
        part = rows[start : start + ROWS_AT_ONCE]
        taken = slice(ends[start], ends[start + len(part)])
        owners = np.repeat(np.arange(len(part)), lengths[start : start + len(part)])
        part[:] = np.bincount(owners * WIDTH + columns[taken], weights[taken], part.size).reshape(part.shape)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return rows


def _pieces(text: str) -> list[int]:
    words = normalise(text).split()
    pairs = [zlib.crc32(f"{first} {second}".encode()) for first, second in pairwise(words)]
    return pairs + [piece for word in words for piece in _pieces_of_word(word)]


@lru_cache(maxsize=65_536)
def _pieces_of_word(word: str) -> tuple[int, ...]:
    """The stem, twice over and under two hashes, because it says more than a run of letters; and those."""
    edged = f" {word} "
    grams = (f"_{edged[start : start + 3]}" for start in range(len(edged) - 2))
    stemmed = zlib.crc32(stem(word).encode())
    return (stemmed, stemmed ^ 0x5BD1E995, *(zlib.crc32(gram.encode()) for gram in grams))
