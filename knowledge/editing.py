"""What an editor does with the knowledge: check it, and see what the matcher makes of a text."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

from knowledge.language import Language
from knowledge.library import Library
from knowledge.needed import Needed
from knowledge.problems import KnowledgeError


@dataclass(frozen=True, slots=True)
class Report:
    """The lines to show an editor, and whether all is well."""

    lines: tuple[str, ...]
    well: bool


class LineError(ValueError):
    """A line that is no JSON string; the text names its number."""


def check(
    folder: Path | None = None,
    *,
    service: Mapping[str, str],
    enforced: Mapping[str, object] = MappingProxyType({}),
    today: date | None = None,
    needed: Needed | None = None,
) -> Report:
    """A line for each problem that Library.load finds, or for each language how many entries and phrasings it has."""
    try:
        library = Library.load(folder, service=service, enforced=enforced, today=today, needed=needed)
    except KnowledgeError as error:
        return Report(tuple(map(str, error.problems)), well=False)
    return Report(tuple(map(_count, library.languages.values())), well=True)


def _count(language: Language) -> str:
    phrasings = sum(len(entry.phrasings) for entry in language.entries.values())
    return f"{language.code}: {len(language.entries)} entries, {phrasings:,} phrasings, all well"


def match_lines(language: Language, lines: Iterable[str]) -> Iterator[str]:
    """For each line, a JSON string, one JSON object: decision, entries with confidence, and language.

    The entries are the matcher's best three, best first. LineError names the first line that is not a JSON string.
    """
    for number, line in enumerate(lines, start=1):
        match = language.matcher.match(_string(number, line))
        entries = [[entry, round(confidence, 6)] for entry, confidence in match.entries]
        yield json.dumps({"decision": match.decision, "entries": entries, "lang": language.code})


def _string(number: int, line: str) -> str:
    mend = 'write one text a line in double quotes, as "I forgot my username"'
    try:
        text = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LineError(f"line {number} is not JSON; {mend}") from error
    if not isinstance(text, str):
        raise LineError(f"line {number} is JSON, but not a string; {mend}")
    return text
