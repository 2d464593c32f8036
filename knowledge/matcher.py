"""The matcher: which entry answers a text, how sure that is, and what to do about it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.calibration import Calibration
from knowledge.english import EnglishSpeller
from knowledge.features import Matrix, Vector
from knowledge.kernel import Kernel
from knowledge.phrasings import Fit, Phrasings
from knowledge.scoring import Scoring
from knowledge.sentences import Sentence, halves, joined, sentences
from knowledge.softmax import softmax
from knowledge.spelling import Speller
from knowledge.text import normalise
from knowledge.tongue import ENGLISH, Tongue

if TYPE_CHECKING:
    from knowledge.encoder import Encoder
    from knowledge.fit_cache import FitCache

KEPT = 1024
"""Texts whose match is kept: many people say the same, and say it again."""

OFFERED = 3
"""Entries of a match: what a person is offered to choose from."""

LOST = 0.5
"""Where the right entry is more likely not among those offered, offering them helps nobody."""

PLAUSIBLE = 0.3
"""Confidence from which a sentence among others may be a question of its own: of a hundred pairs of phrasings as two
sentences one is no longer taken for two questions."""

CERTAIN = 0.999
"""Confidence in an editor's own phrasing, typed word for word."""

WHOLE, QUESTION = 4.0, 5.0
"""What a whole text counts beside each of its sentences, shared among all sentences but one, and what its question
counts. By cross-validation these lose one in a hundred where a question is told in two sentences, and win thirty in a
hundred where it follows a story of four."""

Decision = Literal["answer", "choose", "unknown"]


@dataclass(frozen=True)
class Match:
    """What to do with a text: answer the first entry, let the person choose among the entries, or admit not to know.

    `entries` are up to OFFERED pairs of entry id and confidence, best first, whatever the decision; `repaired` is the
    text as it was understood: normalised, its mistyped words repaired. `also` has what answers a second question in
    the same text, and is empty unless the decision is to answer.
    """

    decision: Decision
    entries: tuple[tuple[str, float], ...]
    repaired: str
    also: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Why a text is matched as it is: `blocks` has, for each way of comparing, the entries of the nearest phrasings."""

    match: Match
    not_ours: float
    blocks: Mapping[str, Sequence[tuple[str, float]]]


class _Repairing(Protocol):
    def repairs(self, words: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return the mistyped words with what was meant."""


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A fit, with the phrasings that it was made of; the kernel is made when it is first asked for."""

    phrasings: Phrasings
    kernel: Callable[[], Kernel]
    fit: Fit
    scoring: Scoring


class Matcher:
    """Ranks the entries of a knowledge base for any text. Immutable once fitted; threads may share it."""

    def __init__(
        self,
        phrasings: Phrasings,
        fitted: "_Fitted",
        speller: _Repairing,
        encoder: "Encoder | None",
        joining: Collection[str],
    ) -> None:
        """Use Matcher.fit."""
        self._entries = phrasings.entries
        self._unknown = phrasings.unknown
        self._owners = phrasings.owners
        self._fitted = fitted
        self._speller = speller
        self._encoder = encoder
        self._joining = joining
        place = {entry: number for number, entry in enumerate(phrasings.entries)}
        self._places = np.array([place.get(entry, -1) for entry in fitted.phrasings.entries], np.intp)
        self._kept = lru_cache(KEPT)(self._matched)

    @classmethod
    def fit(
        cls,
        pairs: Iterable[tuple[str, str]],
        *,
        vocabulary: Iterable[str] = (),
        encoder: "Encoder | None" = None,
        fits: "FitCache | None" = None,
        tongue: Tongue | None = None,
    ) -> "Matcher":
        """Return a matcher fitted to pairs of entry id and phrasing, calibrated on them by cross-validation.

        `vocabulary` are further words, beside those of the phrasings, that are no typing errors. With an encoder texts
        are compared by their meaning, too, and English words are known; without one by their words alone. `fits` keeps
        what the fit came to for the next one of the same. `tongue` is how words are compared: as English, if not
        given. Phrasings that are empty once normalised, or given twice for one entry, add nothing; their entries are
        ranked all the same.
        """
        tongue = tongue or Tongue(ENGLISH)
        phrasings = Phrasings.of(pairs)
        texts = [text.split() for text in phrasings.texts]
        known = [word for text in vocabulary for word in normalise(text).split()]
        vectors = encoder.vectors(phrasings.texts) if encoder and texts else None
        speller = EnglishSpeller(texts, known, encoder.words) if encoder else Speller(texts, known, tongue.stem)
        stem = tongue.stem
        kernel = cache(lambda: Kernel(texts, vectors, stem))
        fitted_to = phrasings.content() + bytes([encoder is not None]) + tongue.key
        fit = fits.get(fitted_to) if fits else None
        if fit is None:
            fit = phrasings.fit(kernel(), vectors)
            if fits:
                fits.keep(fitted_to, fit)
        fitted = _Fitted(phrasings, kernel, fit, Scoring(fit, vectors, stem))
        return cls(phrasings, fitted, speller, encoder, tongue.joining)

    @property
    def calibration(self) -> Calibration:
        """How far its confidence may be trusted."""
        return self._fitted.fit.calibration

    def taught(self, pairs: Iterable[tuple[str, str]]) -> "Matcher":
        """Return one for these pairs that is fitted as this one is, in no time.

        It knows the pairs' phrasings word for word; a text that is none of them it ranks as this one does, and an entry
        that is new to it not at all.
        """
        return Matcher(Phrasings.of(pairs), self._fitted, self._speller, self._encoder, self._joining)

    def rank(self, text: str) -> list[tuple[str, float]]:
        """Return every entry that may be an answer with its confidence, a probability, best first.

        What is missing to 1 is the probability that the bot does not answer this. A text that has nothing in common
        with any phrasing has confidence 0 in all. Any text will do; it never raises.
        """
        understood = self._understood(text)
        return self._ranked(self._weighed(understood, self._shares_of_parts(understood)))

    def match(self, text: str) -> Match:
        """Return what to do with a text. Any text will do; it never raises."""
        return self._kept(text)

    def _matched(self, text: str) -> Match:
        understood = self._understood(text)
        parts = self._shares_of_parts(understood)
        shares = self._weighed(understood, parts)
        entries = self._ranked(shares)
        decision = self._decision(shares, entries)
        two = self._two_questions(understood, parts, entries)
        if two and (decision != "answer" or entries[0][0] in dict(two)):
            entries = [two[0], *(pair for pair in entries if pair[0] != two[0][0])]
            return Match("answer", tuple(entries[:OFFERED]), str(joined(understood)), two[1:])
        return Match(decision, tuple(entries[:OFFERED]), str(joined(understood)))

    def explain(self, text: str) -> Explanation:
        """Return what is done about a text and why; `not_ours` is how likely nothing answers it. It never raises."""
        whole = joined(self._understood(text))
        kernel, phrasings = self._fitted.kernel(), self._fitted.phrasings
        owner = phrasings.owner[kernel.compared]
        nearest = {}
        for name, alike in kernel.blocks(whole.words, self._vector(whole)).items():
            best = np.zeros(len(phrasings.entries), np.float32)
            np.maximum.at(best, owner, alike)
            nearest[name] = tuple(self._ranked(self._placed(best))[:OFFERED])
        answered = sum(confidence for _, confidence in self.rank(text))
        return Explanation(self.match(text), max(1 - answered, 0.0), nearest)

    def held_out(self) -> Iterator[tuple[str, str, Match]]:
        """Yield the phrasings it was fitted to, normalised: entry id, text, and the match by a fit that never saw it.

        Nothing where they are more than MOST_COMPARED_WHOLE.
        """
        phrasings, fit = self._fitted.phrasings, self._fitted.fit
        for text, owner, given, scores in zip(
            phrasings.texts, phrasings.owner, phrasings.given, fit.held_out, strict=bool(len(fit.held_out))
        ):
            if given:
                shares = self._placed(softmax(np.float32(fit.calibration.sharpness) * scores[np.newaxis])[0])
                entries = self._ranked(shares)
                yield (
                    phrasings.entries[owner],
                    text,
                    Match(self._decision(shares, entries), tuple(entries[:OFFERED]), text),
                )

    def _understood(self, text: str) -> list[Sentence]:
        found = sentences(text)
        repairs = self._speller.repairs(joined(found).words)
        if not repairs:
            return found
        return [
            Sentence(tuple(chain.from_iterable(repairs.get(word, (word,)) for word in each.words)), each.asks)
            for each in found
        ]

    def _shares_of_parts(self, understood: Sequence[Sentence]) -> Matrix:
        """Return the entries' shares of a text and, where it has several, of each of its sentences among the others."""
        whole = joined(understood)
        if len(understood) == 1:
            return self._shares(whole, self._vector(whole))[np.newaxis]
        return np.stack([*map(self._shares, [whole, *understood], self._vectors(understood))])

    def _weighed(self, understood: Sequence[Sentence], parts: Matrix) -> Vector:
        """Return the entries' shares of a text by those of its parts, the question's before all."""
        if len(understood) == 1:
            whole: Vector = parts[0]
            return whole
        counts = np.ones(len(parts), np.float32)
        counts[0] = WHOLE / (len(understood) - 1)
        counts[[place for place, each in enumerate(understood, start=1) if each.asks] or -1] = QUESTION
        counts *= self._answerable(parts).max(axis=1)
        weighed: Vector = counts @ parts / max(counts.sum(), np.float32(1e-9))
        return weighed

    def _two_questions(
        self, understood: Sequence[Sentence], parts: Matrix, entries: Sequence[tuple[str, float]]
    ) -> tuple[tuple[str, float], ...]:
        """Return the two entries that are sure, each for a part of the text by itself; nothing if there are none.

        The first is the one that comes first among `entries`, those of the whole text. Sentences that do not even lead
        to two entries are not read by themselves: of a long story that takes as long as all the rest.
        """
        led = {int(share.argmax()) for share in self._answerable(parts[1:]) if share.max() >= PLAUSIBLE}
        if len(understood) > 1 and len(led) < 2:
            return ()
        sure: dict[str, float] = {}
        for part in understood if len(understood) > 1 else halves(understood[0], self._joining) or ():
            shares = self._shares(part, self._vector(part))
            ranked = self._ranked(shares)
            if self._decision(shares, ranked) == "answer":
                sure.setdefault(*ranked[0])
        two = [(entry, sure[entry]) for entry, _ in entries if entry in sure][:2]
        return tuple(two) if len(two) == 2 else ()

    def _vector(self, sentence: Sentence) -> Vector | None:
        return self._encoder.vector(str(sentence)) if self._encoder else None

    def _vectors(self, understood: Sequence[Sentence]) -> Sequence[Vector | None]:
        """Return the vectors of a text and of its sentences, these as they are meant among the others."""
        if self._encoder is None:
            return [None] * (len(understood) + 1)
        ends = list(accumulate(len(str(each)) + 1 for each in understood))
        return list(self._encoder.parts(str(joined(understood)), list(zip([0, *ends], ends, strict=False))))

    def _shares(self, sentence: Sentence, vector: Vector | None) -> Vector:
        """Return the entries' shares of a sentence, or of a text as one."""
        scores = self._fitted.scoring.scores(sentence.words, vector)
        if scores is None:
            return np.zeros(len(self._entries), np.float32)
        sharp = np.float32(self.calibration.sharpness) * scores
        shares = self._placed(softmax(sharp[np.newaxis])[0])
        owners = self._owners.get(str(sentence))
        if owners:
            shares *= np.float32(1 - CERTAIN)
            shares[list(owners)] += np.float32(CERTAIN / len(owners))
        return shares

    def _placed(self, fitted: Vector) -> Vector:
        """What belongs to the entries fitted to, at the places of the entries as they are now."""
        placed = np.zeros(len(self._entries) + 1, np.float32)  # one more for what is gone, whose place is -1
        placed[self._places] = fitted
        return placed[:-1]

    def _answerable(self, shares: Matrix) -> Matrix:
        """The shares without those of what is not answered."""
        return shares if self._unknown is None else np.delete(shares, self._unknown, axis=-1)

    def _ranked(self, shares: Vector) -> list[tuple[str, float]]:
        order: NDArray[np.intp] = np.argsort(-shares, kind="stable")
        return [(self._entries[entry], float(shares[entry])) for entry in order if entry != self._unknown]

    def _decision(self, shares: Vector, entries: Sequence[tuple[str, float]]) -> Decision:
        confidence = [share for _, share in entries[:OFFERED]]
        if sum(confidence) < LOST or (self._unknown is not None and shares[self._unknown] > confidence[0]):
            return "unknown"
        return "answer" if confidence[0] >= min(self.calibration.sure, CERTAIN) else "choose"
