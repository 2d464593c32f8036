"""What of a text would name or find a person: no lesson carries it into the knowledge."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from bot.dialogue.redaction import heard
from core.lessons import Names
from knowledge.text import normalise

_SHAPES: Final = (
    ("address", re.compile(r"\S*@\S+")),
    ("link", re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)),
    ("telephone", re.compile(r"(?<![\w-])\+?\(?\d[\d ()./-]{5,}\d(?![\w-])")),
    ("number", re.compile(r"\S*\d{4,}\S*")),
    ("removed", re.compile(r"\[[^\]\n]*\]")),
)
_NAME: Final = r"[A-Z][\w'-]+(?:\s+[A-Z][\w'-]+)*"
_CALLED: Final = re.compile(
    rf"\b(?i:my (?:full |first |last )?name is|mi nombre es|me llamo)\s+(?P<named>{_NAME})"
    rf"|\b(?i:this is)\s+(?P<calling>{_NAME})(?=\s+(?:from|at|with|of)\b)"
)
_WORD: Final = re.compile(r"[\w'-]+")


@dataclass(frozen=True, slots=True)
class Personal:
    """Something personal that stands in a text: its kind and where."""

    kind: str
    start: int
    end: int


def personal(text: str, names: Names, innocent: Collection[str]) -> list[Personal]:
    """Return what is personal in a text, in its order; `innocent` words may follow "password"."""
    found = [*_found(text, names), *([Personal("secret", 0, 0)] if heard(text, innocent).secret else [])]
    return sorted(found, key=lambda each: (each.start, -each.end))


def without(text: str, found: Iterable[Personal]) -> str:
    """Return the text without what is personal in it."""
    kept, last = [], 0
    for each in found:
        if each.end > last:
            kept.append(text[last : max(each.start, last)])
            last = each.end
    return " ".join("".join([*kept, text[last:]]).split())


def _found(text: str, names: Names) -> Iterator[Personal]:
    for kind, shape in _SHAPES:
        yield from (Personal(kind, match.start(), match.end()) for match in shape.finditer(text))
    for match in _CALLED.finditer(text):
        yield Personal("name", *match.span("named" if match["named"] else "calling"))
    named = {word for name in (*names.person, *names.staff) for word in normalise(name).split() if len(word) > 1}
    for match in _WORD.finditer(text):
        if named.intersection(normalise(match.group()).split()):
            yield Personal("name", match.start(), match.end())
