"""What became of each question at the last check, and which edit since then changed it."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import get_args

from knowledge.editing.scoring import Outcome, Verdict
from knowledge.vector_cache import write_whole

_ORDER = {verdict: place for place, verdict in enumerate(get_args(Verdict))}
_MOST_SHOWN = 2

Past = Mapping[str, tuple[str, str, str]]
"""Key of a question -> its entry, the entry that came first, and the verdict."""


@dataclass(frozen=True, slots=True)
class Memory:
    """The outcomes of one language at one check: of its phrasings, held out, and of its examples."""

    phrasings: Past
    examples: Past

    @classmethod
    def of(cls, phrasings: Iterable[Outcome], examples: Iterable[Outcome]) -> "Memory":
        """What is to be remembered of these outcomes."""
        return cls(_past(phrasings), _past(examples))


@dataclass(slots=True)
class Edit:
    """What was done to the phrasings of one entry (None: to none), and which other questions that moved."""

    entry: str | None
    added: int = 0
    removed: int = 0
    better: list[Outcome] = field(default_factory=list)
    worse: list[Outcome] = field(default_factory=list)

    def __str__(self) -> str:
        done = [f"{count} {word}" for count, word in ((self.added, "added"), (self.removed, "removed")) if count]
        said = f"`{self.entry}` ({', '.join(done)})" if self.entry else "without an edit that explains it"
        said += f": questions that fare better {len(self.better)}, worse {len(self.worse)}"
        for each in self.worse[:_MOST_SHOWN]:
            said += f"; “{each.text[:80]}” ({each.entry}) goes to {each.first}"
        return said


def remembered(file: Path) -> dict[str, Memory]:
    """Return what the last check left, by language; nothing if it left nothing that can be read."""
    try:
        languages = json.loads(file.read_text(encoding="utf-8"))
        return {
            code: Memory(*({key: (a, b, c) for key, (a, b, c) in past.items()} for past in pasts))
            for code, pasts in languages.items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def remember(file: Path, languages: Mapping[str, Memory]) -> None:
    """Leave the outcomes for the next check."""
    kept = {code: [dict(memory.phrasings), dict(memory.examples)] for code, memory in languages.items()}
    text = json.dumps(kept, separators=(",", ":"))
    write_whole(file, lambda beside: beside.write_text(text, encoding="utf-8"))


def edits(before: Memory, phrasings: Iterable[Outcome], examples: Iterable[Outcome]) -> list[Edit]:
    """Return the edits since then and what each moved, the one that moved most first.

    A question that was there before and fares otherwise now is laid to the edit of the entry that it goes to now, of
    its own, or of the one that it went to; the last of the list, with no entry, has what none of these explains.
    """
    phrasings, examples = list(phrasings), list(examples)
    now = _past(phrasings)
    added = Counter(entry for key, (entry, _, _) in now.items() if key not in before.phrasings)
    removed = Counter(entry for key, (entry, _, _) in before.phrasings.items() if key not in now)
    found: dict[str | None, Edit] = defaultdict(lambda: Edit(None))
    for entry in [*added, *removed]:
        found[entry] = Edit(entry, added[entry], removed[entry])
    for outcomes, past in ((phrasings, before.phrasings), (examples, before.examples)):
        for each in outcomes:
            _, first, verdict = past.get(_key(each), ("", "", each.verdict))
            change = _ORDER.get(verdict, 0) - _ORDER[each.verdict]
            if not change:
                continue
            edit = found[next((entry for entry in (each.first, each.entry, first) if entry in found), None)]
            (edit.better if change > 0 else edit.worse).append(each)
    unexplained = found.pop(None, None)
    order = sorted(found.values(), key=lambda edit: -len(edit.better) - len(edit.worse))
    return [*order, unexplained] if unexplained else order


def _past(outcomes: Iterable[Outcome]) -> Past:
    return {_key(each): (each.entry, each.first, each.verdict) for each in outcomes}


def _key(outcome: Outcome) -> str:
    text = f"{outcome.entry}\n{outcome.text}".encode("utf-8", "replace")
    return blake2b(text, digest_size=8).hexdigest()
