"""What the program says and hears: the texts and words that every language has to have, kept in needed.json.

`python -m knowledge.needed` writes that file anew from the English wording, once the program says more or less.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from knowledge.language import Language

FILE = Path(__file__).parent / "needed.json"


@dataclass(frozen=True, slots=True)
class Needed:
    """Texts by their place ("phrases lost"), each with the fields that the program gives; and the ids of words."""

    texts: Mapping[str, frozenset[str]]
    words: frozenset[str]

    @classmethod
    def of(cls, language: "Language") -> "Needed":
        """What this language has."""
        return cls(language.fields(), frozenset(language.words))

    @classmethod
    def by_program(cls) -> "Needed":
        """What the program needs, as the file has it."""
        kept = json.loads(FILE.read_text(encoding="utf-8"))
        return cls({place: frozenset(fields) for place, fields in kept["texts"].items()}, frozenset(kept["words"]))

    def write(self) -> None:
        """Keep it in the file."""
        texts = {place: sorted(fields) for place, fields in sorted(self.texts.items())}
        kept = json.dumps({"texts": texts, "words": sorted(self.words)}, indent=1)
        FILE.write_text(f"{kept}\n", encoding="utf-8")


if __name__ == "__main__":
    from knowledge.library import Library

    Needed.of(Library.load(service={"service_sender": "", "service_url": ""}).language("en")).write()
