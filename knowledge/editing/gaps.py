"""`gaps`: questions that the bot could not answer, put together by what they ask, each with a phrasing to add."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import shorten

import numpy as np

from knowledge.editing.scoring import Matching, outcome, scored
from knowledge.editing.vectors import Matrix, lexical
from knowledge.language import Language
from knowledge.text import normalise

ALIKE = 0.3
"""Product of a question's vector with the middle of others' from which it is taken to ask the same."""

MOST_QUESTIONS = 4_000
"""Different questions that are compared: the ones asked most often."""

LONGEST_PROPOSED = 200

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_PERSONAL = re.compile(r"@|\d{4}|https?:|\[")
"""What a proposed phrasing must not carry into the files: addresses, numbers, links, what was redacted."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions that ask the same, most frequent first, and what one phrasing more would do for them."""

    asked: int
    questions: tuple[str, ...]
    entry: str
    confidence: float
    not_ours: float
    phrasing: str
    answered_after: int
    examples_before: float | None
    examples_after: float | None

    @property
    def gain(self) -> tuple[float, int]:
        """How useful the phrasing is: questions beside it that it answers, less the percent of examples that it spoils;
        then how many asked."""
        spoilt = (self.examples_before or 0) - (self.examples_after or 0)
        return self.answered_after - 1 - 100 * max(spoilt, 0), self.asked

    def lines(self) -> Iterator[str]:
        """Yield how an editor reads it."""
        often = "once" if self.asked == 1 else f"{self.asked} times"
        yield f"asked {often}: " + ", ".join(f"“{each[:100]}”" for each in self.questions[:3])
        yield f"  likeliest entry: {self.entry} ({self.confidence:.2f}; {self.not_ours:.2f} that it is not ours)"
        yield f"  add to {self.entry}:  - {self.phrasing}"
        said = f"  answered now 0 of {self.asked}, with it {self.answered_after}"
        if self.examples_before is not None and self.examples_after is not None:
            said += f"; examples right first {self.examples_before:.1%}, with it {self.examples_after:.1%}"
        yield said
        yield f"  if {self.entry} is no answer to it: write an entry, or add it to `unknown` if it is not ours"


def gaps(language: Language, asked: Iterable[str], *, most: int = 10) -> list[Gap]:
    """Return the gaps that `asked`, texts that people sent in vain, shows: most useful first, `most` of them.

    What the knowledge answers by now is left out. The gaps asked about most are tried: each with the phrasing added to
    its likeliest entry, by a matcher fitted anew.
    """
    matcher = language.matcher
    counts, spelt = _counted(asked)
    unanswered = [key for key in counts if matcher.match(spelt[key]).decision != "answer"][:MOST_QUESTIONS]
    phrasings = [phrasing for _, phrasing in language.pairs]
    clusters = _clusters(unanswered, lexical([*phrasings, *unanswered])[len(phrasings) :])
    clusters.sort(key=lambda cluster: -sum(counts[key] for key in cluster))
    before = _examples(language, matcher)
    found = (_gap(language, [(spelt[key], counts[key]) for key in cluster], before) for cluster in clusters[:most])
    return sorted(found, key=lambda gap: gap.gain, reverse=True)


def _counted(asked: Iterable[str]) -> tuple[dict[str, int], dict[str, str]]:
    """Normalised questions with how often each was asked, most often first; and how each was spelt at first."""
    counts: Counter[str] = Counter()
    spelt: dict[str, str] = {}
    for text in asked:
        key = normalise(text)
        if key:
            counts[key] += 1
            spelt.setdefault(key, " ".join(text.split()))
    return dict(counts.most_common()), spelt


def _clusters(questions: Sequence[str], rows: Matrix) -> list[list[str]]:
    """Put each question, the ones asked most often first, to those most like it, or let it stand alone for others."""
    sums, lengths = np.zeros_like(rows), np.full(len(rows), 1e-9, np.float32)
    clusters: list[list[str]] = []
    for question, row in zip(questions, rows, strict=True):
        alike = sums[: len(clusters)] @ row / lengths[: len(clusters)]
        nearest = int(alike.argmax()) if clusters else 0
        if not clusters or alike[nearest] < ALIKE:
            nearest = len(clusters)
            clusters.append([])
        clusters[nearest].append(question)
        sums[nearest] += row
        lengths[nearest] = max(float(np.linalg.norm(sums[nearest])), 1e-9)
    return clusters


def _gap(language: Language, cluster: Sequence[tuple[str, int]], before: float | None) -> Gap:
    matcher = language.matcher
    asked = sum(count for _, count in cluster)
    shares: dict[str, float] = defaultdict(float)
    for question, count in cluster:
        for entry, confidence in matcher.rank(question):
            shares[entry] += confidence * count / asked
    entry, confidence = max(shares.items(), key=lambda share: share[1])
    phrasing = _proposed([question for question, _ in cluster])
    after = language.fitted([*language.pairs, (entry, phrasing)])
    answered = sum(
        count
        for question, count in cluster
        if (match := after.match(question)).decision == "answer" and match.entries[0][0] == entry
    )
    return Gap(
        asked=asked,
        questions=tuple(question for question, _ in cluster),
        entry=entry,
        confidence=confidence,
        not_ours=max(1 - sum(shares.values()), 0.0),
        phrasing=phrasing,
        answered_after=answered,
        examples_before=before,
        examples_after=_examples(language, after),
    )


def _proposed(questions: Sequence[str]) -> str:
    """The question asked most that is short and carries nothing personal; else the question in it, without that."""
    for question in questions:
        if not _PERSONAL.search(question) and len(question) <= LONGEST_PROPOSED:
            return question
    sentences = _SENTENCE_END.split(questions[0])
    asked = next((sentence for sentence in reversed(sentences) if sentence.endswith("?")), questions[0])
    words = " ".join(word for word in asked.split() if not _PERSONAL.search(word))
    return shorten(words, LONGEST_PROPOSED, placeholder="")


def _examples(language: Language, matcher: Matching) -> float | None:
    """The share of the examples whose entry comes first; None if there are none."""
    outcomes = [outcome(matcher, example.entry, example.text) for example in language.examples]
    return scored(outcomes).right_first if outcomes else None
