"""`prove`: how questions fare before a proposed edit and with it, each measured by matchers that have not seen them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from knowledge.editing.checking import measured
from knowledge.editing.history import Memory, edits
from knowledge.editing.proposing import Proposal
from knowledge.editing.scoring import Outcome, Score, outcome, scored
from knowledge.language import Language
from knowledge.schema import UNKNOWN


@dataclass(frozen=True, slots=True)
class Proof:
    """The scores of phrasings and examples, before and after; the phrasing's own; and which other questions moved.

    `scores` is empty for a language that has too few phrasings to measure.
    """

    now: Outcome
    then: Outcome
    scores: Sequence[tuple[str, Score, Score]]
    better: Sequence[Outcome]
    worse: Sequence[Outcome]


def proof(language: Language, proposal: Proposal, phrasing: str) -> Proof:
    """Return what a proposed edit does; that takes a fit of the matcher, so many seconds for thousands of phrasings."""
    # Of fits the newest few are kept: those of edits that may never be made must not drive out the one that serves.
    edited = replace(proposal.language, fitting=replace(language.fitting, fits=None))
    now, then = outcome(language.matcher, UNKNOWN, phrasing), outcome(edited.matcher, UNKNOWN, phrasing)
    before, after = measured(language), measured(edited)
    if before is None or after is None:
        return Proof(now, then, (), (), ())
    moved = edits(Memory.of(before.phrasings, before.examples), after.phrasings, after.examples)
    return Proof(
        now,
        then,
        [
            ("phrasings", scored(before.phrasings), scored(after.phrasings)),
            *([("examples", scored(before.examples), scored(after.examples))] if before.examples else []),
        ],
        [each for edit in moved for each in edit.better],
        [each for edit in moved for each in edit.worse],
    )
