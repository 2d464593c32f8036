"""The matcher: which entry answers a text, how sure that is, and what to do about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from knowledge.calibration import Calibration, calibrated, folds, held_out_scores
from knowledge.features import Block, Matrix, TfIdfBlock, Vector, character_features, word_features
from knowledge.softmax import fitted, softmax
from knowledge.spelling import Speller
from knowledge.text import normalise

UNKNOWN = "unknown"
"""The entry whose phrasings are what the bot does not answer: fitted like the others, never given as an answer."""

OFFERED = 3
"""Entries of a match: what a person is offered to choose from."""

LOST = 0.5
"""Where the right entry is more likely not among those offered, offering them helps nobody."""

CERTAIN = 0.999
"""Confidence in an editor's own phrasing, typed word for word."""

WORDS, CHARACTERS = 0.4, 0.6
"""The blocks' weights in the kernel. BANKING77 prefers 0.3 and 0.7, our own knowledge 0.5 and 0.5, both by a hair."""

PENALTY = 0.03
"""Of the softmax over the kernel; between 0.01 and 0.1 nothing changes by more than half a point."""

Decision = Literal["answer", "choose", "unknown"]


@dataclass(frozen=True)
class Match:
    """What to do with a text: answer the first entry, let the person choose among the entries, or admit not to know.

    `entries` are up to OFFERED pairs of entry id and confidence, best first, whatever the decision; `repaired` is the
    text as it was understood: normalised, its mistyped words repaired.
    """

    decision: Decision
    entries: tuple[tuple[str, float], ...]
    repaired: str


class Matcher:
    """Ranks the entries of a knowledge base for any text. Immutable once fitted; threads may share it."""

    def __init__(
        self,
        entries: Sequence[str],
        owners: dict[str, frozenset[int]],
        speller: Speller,
        blocks: Sequence[tuple[float, Block]],
        weights: Matrix,
        calibration: Calibration,
    ) -> None:
        """Use Matcher.fit."""
        self._entries = tuple(entries)
        self._unknown = self._entries.index(UNKNOWN) if UNKNOWN in self._entries else None
        self._owners = owners
        self._speller = speller
        self._blocks = tuple(blocks)
        self._weights = weights
        self.calibration = calibration

    @classmethod
    def fit(cls, pairs: Iterable[tuple[str, str]], *, vocabulary: Iterable[str] = ()) -> "Matcher":
        """Return a matcher fitted to pairs of entry id and phrasing, calibrated on them by cross-validation.

        `vocabulary` are further words, beside those of the phrasings, that are no typing errors. Phrasings that are
        empty once normalised, or given twice for one entry, add nothing; their entries are ranked all the same.
        Time and memory grow with the square of the phrasings: 1,300 take half a second, 5,000 nine seconds and 400 MB.
        """
        pairs = list(pairs)
        entries = list(dict.fromkeys(entry for entry, _ in pairs))
        number = {entry: position for position, entry in enumerate(entries)}
        owned = [(number[entry], text) for entry, text in dict.fromkeys((e, normalise(t)) for e, t in pairs) if text]
        texts = [text for _, text in owned]
        owner = np.array([entry for entry, _ in owned], np.intp)
        owners: dict[str, frozenset[int]] = {}
        for entry, text in owned:
            owners[text] = owners.get(text, frozenset()) | {entry}
        phrasings = [text.split() for text in texts]
        blocks: list[tuple[float, Block]] = [
            (WORDS, TfIdfBlock(phrasings, word_features)),
            (CHARACTERS, TfIdfBlock(phrasings, character_features)),
        ]
        gram = np.zeros((len(texts), len(texts)), np.float32)
        for weight, block in blocks:
            gram += np.float32(weight) * block.gram()
        truth = np.zeros((len(texts), len(entries)), np.float32)
        truth[np.arange(len(texts)), owner] = 1
        speller = Speller(phrasings, (word for text in vocabulary for word in normalise(text).split()))
        calibration, weights = Calibration(), truth
        if texts:
            weights = fitted(gram, truth, PENALTY)
            held_out = held_out_scores(gram, truth, folds(texts, owner), PENALTY)
            calibration = calibrated(held_out, truth, number.get(UNKNOWN))
        return cls(entries, owners, speller, blocks, weights, calibration)

    def rank(self, text: str) -> list[tuple[str, float]]:
        """Return every entry that may be an answer with its confidence, a probability, best first.

        What is missing to 1 is the probability that the bot does not answer this. A text that has nothing in common
        with any phrasing has confidence 0 in all. Any text will do; it never raises.
        """
        return self._ranked(self._shares(self._understood(text)))

    def match(self, text: str) -> Match:
        """Return what to do with a text. Any text will do; it never raises."""
        words = self._understood(text)
        shares = self._shares(words)
        entries = tuple(self._ranked(shares)[:OFFERED])
        return Match(self._decision(shares, entries), entries, " ".join(words))

    def _understood(self, text: str) -> list[str]:
        return self._speller.repaired(normalise(text).split())

    def _shares(self, words: Sequence[str]) -> Vector:
        row = self._kernel_row(words)
        if not row.any():
            return np.zeros(len(self._entries), np.float32)
        shares: Vector = softmax(np.float32(self.calibration.sharpness) * (row @ self._weights)[np.newaxis])[0]
        owners = self._owners.get(" ".join(words))
        if owners:
            shares *= np.float32(1 - CERTAIN)
            shares[list(owners)] += np.float32(CERTAIN / len(owners))
        return shares

    def _kernel_row(self, words: Sequence[str]) -> Vector:
        row = np.zeros(len(self._weights), np.float32)
        for weight, block in self._blocks:
            row += np.float32(weight) * block.row(words)
        return row

    def _ranked(self, shares: Vector) -> list[tuple[str, float]]:
        order: NDArray[np.intp] = np.argsort(-shares, kind="stable")
        return [(self._entries[entry], float(shares[entry])) for entry in order if entry != self._unknown]

    def _decision(self, shares: Vector, entries: Sequence[tuple[str, float]]) -> Decision:
        confidence = [share for _, share in entries]
        if sum(confidence) < LOST or (self._unknown is not None and shares[self._unknown] > confidence[0]):
            return "unknown"
        return "answer" if confidence[0] >= min(self.calibration.sure, CERTAIN) else "choose"
