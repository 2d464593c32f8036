"""`try`: what the bot makes of one text, and why."""

from collections.abc import Iterator
from difflib import SequenceMatcher

from knowledge.language import Language
from knowledge.matcher import Match
from knowledge.text import normalise

_WOULD = {
    "answer": "answer with the first",
    "choose": "let the person choose among them",
    "unknown": "admit not to know",
}


def explained(language: Language, text: str) -> Iterator[str]:
    """Yield lines: how the text was read, what the bot would do, the ranking, and what each block says alone."""
    explanation = language.matcher.explain(text)
    match = explanation.match
    yield f"read as: {match.repaired or '(nothing)'}"
    yield from (f"repaired: {wrong} -> {right}" for wrong, right in _repairs(text, match))
    yield f"would {_WOULD[match.decision]}"
    for place, (entry, confidence) in enumerate(match.entries, start=1):
        yield f"{place:3}. {confidence:.3f}  {entry}: {language.entries[entry].question}"
    yield f"     {explanation.not_ours:.3f}  nothing that the bot answers"
    for entry, confidence in match.also:
        yield f"and a second question: {confidence:.3f}  {entry}: {language.entries[entry].question}"
    for block, entries in explanation.blocks.items():
        yield f"{block}: " + ", ".join(f"{entry} {score:.3f}" for entry, score in entries)


def _repairs(text: str, match: Match) -> Iterator[tuple[str, str]]:
    typed, read = normalise(text).split(), match.repaired.split()
    for kind, start, end, read_start, read_end in SequenceMatcher(None, typed, read, autojunk=False).get_opcodes():
        if kind != "equal":
            yield " ".join(typed[start:end]), " ".join(read[read_start:read_end])
