"""What can be wrong in the knowledge files, said so that an editor can mend it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong at one place: `file` is relative to the knowledge folder, `line` and `column` count from 1."""

    file: str
    line: int
    column: int
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.what}; {self.mend}"


class KnowledgeError(Exception):
    """The knowledge files cannot be used: `problems` holds all found, sorted; the text is a line for each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


def suggestion(wrong: str, right: Iterable[str], otherwise: str) -> str:
    """The mend for a name that nothing bears: "did you mean `x`?" for the nearest one, else the text `otherwise`."""
    from rapidfuzz import fuzz, process

    nearest = process.extractOne(wrong, list(right), scorer=fuzz.ratio, score_cutoff=60)
    return f"did you mean `{nearest[0]}`?" if nearest else otherwise
