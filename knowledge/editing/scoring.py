"""How well questions find their entry: phrasings that the matcher has not seen, and the labelled examples."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from knowledge.calibration import FOLDS, crc32, folds
from knowledge.editing.vectors import ROWS_AT_ONCE, Matrix, Vectors
from knowledge.matcher import Match
from knowledge.schema import UNKNOWN

Pair = tuple[str, str]
"""An entry's id and one of its phrasings."""

Verdict = Literal["sure", "first", "offered", "lost", "wrong"]
"""Answered right; first or among three of those offered; not among them; answered with another entry."""


class Matching(Protocol):
    """What is measured: a fitted matcher."""

    def match(self, text: str) -> Match:
        """Return what to do with a text."""


Fit = Callable[[Sequence[Pair]], Matching]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question: its true entry, the best three of the matcher with its confidence in them.

    `decision` is None where only the order was measured.
    """

    entry: str
    text: str
    decision: Literal["answer", "choose", "unknown"] | None
    ranked: tuple[tuple[str, float], ...]

    @property
    def first(self) -> str:
        """The entry that the bot would take the question for, `unknown` where it admits not to know."""
        return UNKNOWN if self.decision == "unknown" or not self.ranked else self.ranked[0][0]

    @property
    def verdict(self) -> Verdict:
        """How the question fared."""
        if self.first == self.entry:
            return "first" if self.decision == "choose" else "sure"
        if self.decision == "answer":
            return "wrong"
        return "offered" if self.decision != "unknown" and self.entry in dict(self.ranked) else "lost"

    @property
    def lands(self) -> bool:
        """Whether the person gets the right answer, or may choose it."""
        return self.verdict in ("sure", "first", "offered")


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of the questions that have an entry, and (`admitted`, `answered`) of those that have none; None of none.

    `sure_right` and `sure_wrong` are None where only the order was measured.
    """

    questions: int
    right_first: float
    among_three: float
    sure_right: float | None
    sure_wrong: float | None
    admitted: float | None
    answered: float | None

    def __str__(self) -> str:
        said = f"right first {_percent(self.right_first)}, among three {_percent(self.among_three)}"
        if self.sure_right is not None and self.sure_wrong is not None:
            said += f", sure and right {_percent(self.sure_right)}, sure and wrong {_percent(self.sure_wrong)}"
        if self.admitted is not None and self.answered is not None:
            said += f"; not ours: admitted {_percent(self.admitted)}, answered {_percent(self.answered)}"
        return said


def scored(outcomes: Iterable[Outcome]) -> Score:
    """Return the shares of these outcomes."""
    outcomes = list(outcomes)
    known = [each for each in outcomes if each.entry != UNKNOWN]
    strange = [each for each in outcomes if each.entry == UNKNOWN and each.decision is not None]
    decided = all(each.decision is not None for each in known)
    sure = [each for each in known if each.decision == "answer"]
    return Score(
        questions=len(outcomes),
        right_first=_share(sum(each.ranked[:1] != () and each.ranked[0][0] == each.entry for each in known), known),
        among_three=_share(sum(each.entry in dict(each.ranked) for each in known), known),
        sure_right=_share(sum(each.first == each.entry for each in sure), known) if decided else None,
        sure_wrong=_share(sum(each.first != each.entry for each in sure), known) if decided else None,
        admitted=_share(sum(each.decision == "unknown" for each in strange), strange) if strange else None,
        answered=_share(sum(each.decision == "answer" for each in strange), strange) if strange else None,
    )


def held_out(pairs: Sequence[Pair], fit: Fit) -> list[Outcome]:
    """Return the outcome of every phrasing under a matcher, fitted by `fit`, that has not seen its fold."""
    fold = _folds(pairs)
    outcomes: dict[int, Outcome] = {}
    for number in range(FOLDS):
        matcher = fit([pair for pair, its in zip(pairs, fold, strict=True) if its != number])
        for place, (pair, its) in enumerate(zip(pairs, fold, strict=True)):
            if its == number:
                outcomes[place] = outcome(matcher, *pair)
    return [outcomes[place] for place in range(len(pairs))]


def outcome(matcher: Matching, entry: str, text: str) -> Outcome:
    """Return what a matcher makes of one question."""
    match = matcher.match(text)
    return Outcome(entry, text, match.decision, match.entries)


def roughly(pairs: Sequence[Pair], questions: Sequence[Pair], vectors: Vectors) -> tuple[list[Outcome], list[Outcome]]:
    """Return the order of entries for every phrasing and for every further question, without a decision.

    Each is compared with the middle of every entry's phrasings, a phrasing with the others of its own entry. Rougher
    than `held_out`, and linear: 40,000 phrasings take a few seconds, of which the vectors most.
    """
    entries = list(dict.fromkeys(entry for entry, _ in pairs))
    number = {entry: place for place, entry in enumerate(entries)}
    owner = np.array([number[entry] for entry, _ in pairs], np.intp)
    rows = vectors([text for _, text in (*pairs, *questions)])
    own, others = rows[: len(pairs)], rows[len(pairs) :]
    middle = np.zeros((len(entries), rows.shape[1]), np.float32)
    np.add.at(middle, owner, own)
    unit = middle / np.maximum(np.linalg.norm(middle, axis=1, keepdims=True), 1e-9)
    outcomes = []
    for start in range(0, len(pairs), ROWS_AT_ONCE):
        part, owned = own[start : start + ROWS_AT_ONCE], owner[start : start + ROWS_AT_ONCE]
        scores = part @ unit.T
        rest = middle[owned] - part
        length = np.maximum(np.linalg.norm(rest, axis=1), 1e-9)
        scores[np.arange(len(part)), owned] = np.einsum("ij,ij->i", part, rest) / length
        outcomes += _ordered(pairs[start : start + ROWS_AT_ONCE], entries, scores)
    return outcomes, _ordered(questions, entries, others @ unit.T)


def _ordered(questions: Sequence[Pair], entries: Sequence[str], scores: Matrix) -> list[Outcome]:
    """The outcomes of these questions; the scores are spent on it."""
    rows = np.arange(len(questions))
    ranked: list[list[tuple[str, float]]] = [[] for _ in questions]
    for _ in range(min(3, len(entries))):
        best = scores.argmax(axis=1)
        for three, place, score in zip(ranked, best.tolist(), scores[rows, best].tolist(), strict=True):
            three.append((entries[place], score))
        scores[rows, best] = -np.inf
    return [Outcome(entry, text, None, tuple(three)) for (entry, text), three in zip(questions, ranked, strict=True)]


def weakest(outcomes: Iterable[Outcome], most: int = 5) -> list[tuple[str, float]]:
    """Return the entries whose phrasings come first most seldom, with the share that does, worst first."""
    total: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for each in outcomes:
        total[each.entry] += 1
        right[each.entry] += each.first == each.entry
    shares = [(entry, right[entry] / count) for entry, count in total.items()]
    return sorted(shares, key=lambda share: share[1])[:most]


def _folds(pairs: Sequence[Pair]) -> list[int]:
    """Each phrasing's fold; an entry begins with one by its own name, so that another one's coming moves none."""
    number = {entry: place for place, entry in enumerate(dict(pairs))}
    owner = np.array([number[entry] for entry, _ in pairs], np.intp)
    fold: list[int] = folds([text for _, text in pairs], owner, [crc32(entry) for entry in number]).tolist()
    return fold


def _share(count: int, of: Sequence[object]) -> float:
    return count / len(of) if of else 0.0


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"
