"""The phrasings of a knowledge base, as a fit needs them: normalised, in the order of their entries, each once."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.calibration import Calibration, calibrated, folds, held_out_scores
from knowledge.features import LinearBlock, Matrix
from knowledge.kernel import MOST_COMPARED_WHOLE, Kernel
from knowledge.schema import UNKNOWN
from knowledge.softmax import fitted
from knowledge.text import normalise

PENALTY = 0.03
"""Of the softmax over the kernel; between 0.01 and 0.1 nothing changes by more than half a point."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What a fit came to: the weights of the phrasings compared with, and how far it may be trusted.

    `words` and `characters` have what the features of those blocks add to the entries' scores by these weights.
    `held_out` has for each phrasing its scores, by entries, from a fit that has not seen it; no row at all where there
    are more phrasings than MOST_COMPARED_WHOLE.
    """

    weights: Matrix
    words: LinearBlock
    characters: LinearBlock
    calibration: Calibration
    held_out: Matrix


@dataclass(frozen=True)
class Phrasings:
    """`entries` are ids; for each phrasing `texts` has its words, `owner` the place of its entry, and `given` whether
    an editor wrote it: the words of an id, as `lost_umbrella`, are a phrasing, too. `owners` has for each normalised
    text the places of the entries that it was given for."""

    entries: tuple[str, ...]
    texts: tuple[str, ...]
    owner: NDArray[np.intp]
    given: NDArray[np.bool_]
    owners: dict[str, frozenset[int]]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Phrasings":
        """Return those of pairs of entry id and phrasing. One that is empty once normalised adds its entry alone."""
        pairs = list(pairs)
        entries = tuple(dict.fromkeys(entry for entry, _ in pairs))
        place = {entry: number for number, entry in enumerate(entries)}
        given = dict.fromkeys((place[entry], normalise(text)) for entry, text in pairs)
        named = dict.fromkeys((place[entry], words) for entry in entries if (words := _words_of(entry)))
        owned = sorted((pair for pair in {**given, **named} if pair[1]), key=lambda pair: pair[0])
        owners: dict[str, frozenset[int]] = {}
        for owner, text in given:
            owners[text] = owners.get(text, frozenset()) | {owner}
        return cls(
            entries,
            tuple(text for _, text in owned),
            np.array([owner for owner, _ in owned], np.intp),
            np.array([pair in given for pair in owned], np.bool_),
            owners,
        )

    @property
    def unknown(self) -> int | None:
        """The place of what is not answered, if it is among the entries."""
        return self.entries.index(UNKNOWN) if UNKNOWN in self.entries else None

    def content(self) -> bytes:
        """Return all that a fit depends on: the same for the same phrasings of the same entries."""
        return repr((self.entries, self.texts, self.owner.tolist(), self.given.tolist())).encode()

    def fit(self, kernel: Kernel, vectors: Matrix | None) -> Fit:
        """Return the fit to these by their kernel, its calibration measured on the phrasings given."""
        truth = np.zeros((len(self.texts), len(self.entries)), np.float32)
        truth[np.arange(len(self.texts)), self.owner] = 1
        if not self.texts:
            return Fit(truth, *kernel.linear(truth), Calibration(), truth)
        products = kernel.products(vectors)
        weights = products.compared(fitted(products.times, truth, PENALTY)[0])
        fold = np.where(self.given, folds(self.texts, self.owner), -1)
        held_out = held_out_scores(products.times, truth, fold, PENALTY)
        calibration = calibrated(held_out[self.given], truth[self.given], self.unknown)
        kept = held_out if len(held_out) <= MOST_COMPARED_WHOLE else held_out[:0]
        return Fit(weights, *kernel.linear(weights), calibration, kept)


def _words_of(entry: str) -> str:
    """The words of an entry's id, if it has any: `lost_umbrella` says what it is about, `q17` does not."""
    words = normalise(entry.replace("_", " "))
    return words if entry != UNKNOWN and words.replace(" ", "").isalpha() else ""
