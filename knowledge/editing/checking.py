"""`check`: what is wrong with the knowledge, what could be better, how well it is found, which edit moved that."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

from knowledge.editing.history import Memory, edits, remember, remembered
from knowledge.editing.places import Places, remark
from knowledge.editing.remarks import remarks, repetitions, unused
from knowledge.editing.scoring import Outcome, outcome, roughly, scored, weakest
from knowledge.kernel import MOST_COMPARED_WHOLE
from knowledge.language import Language
from knowledge.library import Library
from knowledge.problems import KnowledgeError, Problem
from knowledge.text import normalise

FEWEST_MEASURED, MOST_MEASURED = 50, MOST_COMPARED_WHOLE
"""Phrasings of a language that are measured with the matcher itself; more are measured roughly, in seconds."""

SHOWN = 10
"""Lines of one kind that are shown, unless all are asked for."""


@dataclass(frozen=True, slots=True)
class Report:
    """The lines to show an editor, and whether all is well: remarks do no harm to that, problems do."""

    lines: tuple[str, ...]
    well: bool


def check(
    folder: Path,
    load: Callable[[Path], Library],
    *,
    today: date,
    history: Path | None = None,
    shown: int = SHOWN,
) -> Report:
    """Return a line for each problem; or, if there is none, remarks, the score, and what moved since the last check.

    `load` is Library.load with what the caller knows of the service. `history` is the file where a check leaves for the
    next what became of each question. `shown` lines of a kind are shown.
    """
    try:
        library = load(folder)
    except KnowledgeError as error:
        return Report(tuple(map(str, error.problems)), well=False)
    places = {code: Places(folder, code) for code in library.languages}
    problems = [each for code, language in library.languages.items() for each in repetitions(language, places[code])]
    if problems:
        return Report(tuple(map(str, sorted(problems))), well=False)
    past = remembered(history) if history else {}
    memories, lines = {}, [*_some(unused(library, folder), shown)]
    for code, language in library.languages.items():
        lines += _some(remarks(language, places[code], today), shown)
        found = measured(language)
        if found:
            lines += _some(_stolen(found.phrasings, places[code]), shown)
            lines += _some(_astray(language, found.examples, places[code]), shown)
            memories[code] = Memory.of(found.phrasings, found.examples)
        lines += _summary(language, found, past.get(code))
    if history:
        remember(history, memories)
    return Report(tuple(lines), well=True)


@dataclass(frozen=True, slots=True)
class Measured:
    """How the questions of a language fare: its phrasings, held out, and its examples; and how that was measured."""

    phrasings: Sequence[Outcome]
    examples: Sequence[Outcome]
    how: str


def measured(language: Language) -> Measured | None:
    """Return how the questions of a language fare; None of one that has too few phrasings."""
    pairs = language.pairs
    if len(pairs) < FEWEST_MEASURED:
        return None
    questions = [(example.entry, example.text) for example in language.examples]
    if len(pairs) > MOST_MEASURED:
        return Measured(*roughly(pairs, questions), "compared with the middle of every entry")
    examples = [outcome(language.matcher, *question) for question in questions]
    unseen = {(entry, text): match for entry, text, match in language.matcher.held_out()}
    phrasings = [
        Outcome(entry, text, match.decision, match.entries)
        for entry, text in pairs
        if (match := unseen.get((entry, normalise(text)))) is not None
    ]
    return Measured(phrasings, examples, "by a matcher that has not seen them")


def _stolen(phrasings: Iterable[Outcome], places: Places) -> Iterator[Problem]:
    """Yield the phrasings that another entry would surely answer, were they not its entry's own."""
    taken = [each for each in phrasings if each.verdict == "wrong" or (each.decision is None and not each.lands)]
    for each in sorted(taken, key=lambda each: -each.ranked[0][1]):
        own = dict(each.ranked).get(each.entry)
        beside = f" ({each.ranked[0][1]:.2f}" + (f" against {own:.2f})" if own is not None else ")")
        what = f"`{each.first}` answers this phrasing of `{each.entry}`{beside}: “{each.text[:80]}”"
        mend = "move it if it belongs there; else say what sets it apart, or add others like it"
        yield remark(places.phrasing(each.entry, each.text), what, mend)


def _astray(language: Language, examples: Iterable[Outcome], places: Places) -> Iterator[Problem]:
    """Yield the labelled questions that do not land: neither answered right nor offered."""
    for number, each in enumerate(examples):
        if not each.lands:
            taken = "is taken for nothing known" if each.decision == "unknown" else f"goes to `{each.first}`"
            what = f"this question for `{each.entry}` {taken}: “{each.text[:80]}”"
            yield remark(places.example(number), what, "add phrasings to its entry that say it in other words")


def _summary(language: Language, measured: Measured | None, before: Memory | None) -> Iterator[str]:
    count = sum(len(entry.phrasings) for entry in language.entries.values())
    yield (
        f"{language.code}: {len(language.entries)} entries, {count:,} phrasings,"
        f" {len(language.examples)} examples, no problems"
    )
    if measured is None:
        yield f"{language.code}: not measured, that takes {FEWEST_MEASURED} phrasings"
        return
    yield f"{language.code}: phrasings, {measured.how}: {scored(measured.phrasings)}"
    if measured.examples:
        landed = sum(each.lands for each in measured.examples)
        yield f"{language.code}: examples: {scored(measured.examples)}; {landed} of {len(measured.examples)} land"
    weak = ", ".join(f"{entry} {share:.0%}" for entry, share in weakest(measured.phrasings))
    yield f"{language.code}: found most seldom: {weak}"
    if before:
        yield from (f"{language.code}: since the last check, {line}" for line in _moved(before, measured))


def _moved(before: Memory, measured: Measured) -> Iterator[str]:
    for name, outcomes, past in (
        ("phrasings", measured.phrasings, before.phrasings),
        ("examples", measured.examples, before.examples),
    ):
        if outcomes and past:
            was = sum(entry == first for entry, first, _ in past.values()) / len(past)
            now = sum(each.entry == each.first for each in outcomes) / len(outcomes)
            yield f"{name} right: {was:.1%} then, {now:.1%} now"
    found = edits(before, measured.phrasings, measured.examples)
    if not any(edit.entry for edit in found):
        yield "no phrasing was edited"
    yield from map(str, found)


def _some(problems: Iterable[Problem], shown: int) -> list[str]:
    """The first of them as lines, and how many more there are."""
    found = iter(problems)
    lines = [str(each) for each in islice(found, shown)]
    more = sum(1 for _ in found)
    return [*lines, f"… and {more} more like this; --all shows them"] if more else lines
