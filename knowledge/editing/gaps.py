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
class Cluster:
    """Questions that ask the same, as they were spelt at first, each with how often it was asked, most often first."""

    questions: tuple[tuple[str, int], ...]

    @property
    def asked(self) -> int:
        """How often one of them was asked."""
        return sum(count for _, count in self.questions)

    def likeliest(self, language: Language) -> tuple[str, float, float]:
        """Return the entry that they are likeliest about, how sure that is, and how likely none of ours answers."""
        shares: dict[str, float] = defaultdict(float)
        for question, count in self.questions:
            for entry, confidence in language.matcher.rank(question):
                shares[entry] += confidence * count / self.asked
        entry, confidence = max(shares.items(), key=lambda share: share[1])
        return entry, confidence, max(1 - sum(shares.values()), 0.0)


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
    before = _examples(language, language.matcher)
    found = (_gap(language, cluster, before) for cluster in clusters(language, asked)[:most])
    return sorted(found, key=lambda gap: gap.gain, reverse=True)


def clusters(language: Language, asked: Iterable[str], most_questions: int = MOST_QUESTIONS) -> list[Cluster]:
    """Return what is asked in `asked` and not answered by now, put together; what is asked about most comes first.

    `most_questions` different ones are looked at, those asked most often: each takes a match.
    """
    counts, spelt = _counted(asked)
    often = list(counts)[:most_questions]
    unanswered = [key for key in often if language.matcher.match(spelt[key]).decision != "answer"]
    phrasings = [phrasing for _, phrasing in language.pairs]
    alike = _alike(unanswered, lexical([*phrasings, *unanswered])[len(phrasings) :])
    found = [Cluster(tuple((spelt[key], counts[key]) for key in keys)) for keys in alike]
    return sorted(found, key=lambda cluster: -cluster.asked)


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


def _alike(questions: Sequence[str], rows: Matrix) -> list[list[str]]:
    """Put each question, the ones asked most often first, to those most like it, or let it stand alone for others."""
    sums, lengths = np.zeros_like(rows), np.full(len(rows), 1e-9, np.float32)
    found: list[list[str]] = []
    for question, row in zip(questions, rows, strict=True):
        alike = sums[: len(found)] @ row / lengths[: len(found)]
        nearest = int(alike.argmax()) if found else 0
        if not found or alike[nearest] < ALIKE:
            nearest = len(found)
            found.append([])
        found[nearest].append(question)
        sums[nearest] += row
        lengths[nearest] = max(float(np.linalg.norm(sums[nearest])), 1e-9)
    return found


def _gap(language: Language, cluster: Cluster, before: float | None) -> Gap:
    entry, confidence, not_ours = cluster.likeliest(language)
    phrasing = _proposed([question for question, _ in cluster.questions])
    after = language.fitted([*language.pairs, (entry, phrasing)])
    answered = sum(
        count
        for question, count in cluster.questions
        if (match := after.match(question)).decision == "answer" and match.entries[0][0] == entry
    )
    return Gap(
        asked=cluster.asked,
        questions=tuple(question for question, _ in cluster.questions),
        entry=entry,
        confidence=confidence,
        not_ours=not_ours,
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
