"""What could be better in texts that load: repeated or overlong ones, what nobody uses or has reviewed for long."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from knowledge.editing.places import Places, remark
from knowledge.language import Entry, Language
from knowledge.library import Library
from knowledge.office_days import CLOSED_ALSO, OPEN_ALTHOUGH
from knowledge.problems import Problem
from knowledge.text import normalise
from knowledge.yaml_source import Node, read_yaml

REVIEW_DAYS = 365
"""Days after which an answer should be compared with its sources again."""

FEWEST_PHRASINGS = 10
"""Phrasings below which an entry is seldom found; thirty are good."""

LONGEST_QUESTION = 150
"""Characters of a question that a button shows."""

LONGEST_PHRASING = 500
LONGEST_FIRST_SENTENCE = 240

_ADDRESS = re.compile(r"https?://[^\s)\]>*,;]+")
_SENTENCE_END = re.compile(r"(?<=[.!?:])\s|\n\n")


def repetitions(language: Language, places: Places) -> list[Problem]:
    """Return what must not be: one phrasing in two entries, or an example that an entry has as its phrasing."""
    owner: dict[str, str] = {}
    problems = []
    for entry in language.entries.values():
        for phrasing in entry.phrasings:
            said = normalise(phrasing)
            first = owner.setdefault(said, entry.id) if said else entry.id
            if first != entry.id:
                what = f"`{first}` has this phrasing too, but for capitals and punctuation: “{_short(phrasing)}”"
                mend = "keep it in the entry that answers it"
                problems.append(remark(places.phrasing(entry.id, phrasing), what, mend))
    for number, example in enumerate(language.examples):
        has_it = owner.get(normalise(example.text))
        if has_it:
            what = f"this example is a phrasing of `{has_it}`, so it measures nothing: “{_short(example.text)}”"
            problems.append(remark(places.example(number), what, "write another, and leave the phrasing as it is"))
    return problems


def remarks(language: Language, places: Places, today: date) -> Iterator[Problem]:
    """Yield what could be better in the entries of one language."""
    for entry in language.entries.values():
        yield from _of_phrasings(entry, places)
        yield from _of_answer(entry, places)
        if today - entry.reviewed > timedelta(days=REVIEW_DAYS):
            what = f"`{entry.id}` was reviewed on {entry.reviewed}, more than a year ago"
            yield remark(
                places.part(entry.id, "reviewed"), what, "compare the answer with its sources, then write today"
            )


def unused(library: Library, folder: Path) -> Iterator[Problem]:
    """Yield facts that no text states and no calendar follows, and sources that nothing names."""
    texts = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("[a-z]*/**/[!.]*.yaml")))
    facts, sources = _tree(folder, "facts.yaml"), _tree(folder, "sources.yaml")
    entries = [entry for language in library.languages.values() for entry in language.entries.values()]
    named = {source for entry in entries for source in entry.source}
    for name, place in facts.keys.items():
        fact = facts.get(name)
        listed = fact.get("source") if fact else None
        named.update(str(node.value) for node in (listed.items() if listed else ()))
        if f"{{{name}}}" not in texts and name not in (CLOSED_ALSO, OPEN_ALTHOUGH):
            yield remark(("facts.yaml", *place), f"no text states the fact `{name}`", "state it, or remove it")
    for name, place in sources.keys.items():
        if name not in named:
            yield remark(("sources.yaml", *place), f"nothing names the source `{name}`", "name it, or remove it")


def _of_phrasings(entry: Entry, places: Places) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for phrasing in entry.phrasings:
        first = seen.setdefault(normalise(phrasing), phrasing)
        if first != phrasing:
            what = f"`{entry.id}` has this phrasing already, as “{_short(first)}”"
            yield remark(places.phrasing(entry.id, phrasing), what, "remove one of the two")
        if len(phrasing) > LONGEST_PHRASING:
            what = f"this phrasing has {len(phrasing)} characters"
            mend = f"shorten it to {LONGEST_PHRASING}: what is longer is a story, and only its question is compared"
            yield remark(places.phrasing(entry.id, phrasing), what, mend)
    if len(seen) < FEWEST_PHRASINGS:
        what = f"`{entry.id}` has {len(seen)} phrasing{'' if len(seen) == 1 else 's'}"
        yield remark(places.entry(entry.id), what, f"write {FEWEST_PHRASINGS} at least, in many voices")
    if len(entry.question) > LONGEST_QUESTION:
        what = f"the question has {len(entry.question)} characters, and it stands on a button"
        yield remark(places.part(entry.id, "question"), what, f"shorten it to {LONGEST_QUESTION}")


def _of_answer(entry: Entry, places: Places) -> Iterator[Problem]:
    place = places.part(entry.id, "answer")
    first = _SENTENCE_END.split(entry.answer.strip(), maxsplit=1)[0]
    if len(first) > LONGEST_FIRST_SENTENCE:
        what = f"the first sentence of `{entry.id}` has {len(first)} characters"
        yield remark(place, what, "answer in a short one, and put the rest below it")
    for address in _ADDRESS.findall(entry.answer):
        if not _is_address(address):
            yield remark(place, f"`{address[:80]}` is no address that opens", "write it as https://example.org/page")
    if entry.id in entry.see:
        yield remark(places.part(entry.id, "see"), f"`{entry.id}` points to itself", "remove it there")


def _is_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return "." in (parts.hostname or "") or parts.hostname in ("localhost", "127.0.0.1")


def _tree(folder: Path, name: str) -> Node:
    return read_yaml(folder / name, name, []) or Node({}, 1, 1)


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"
