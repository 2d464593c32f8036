"""How well each language's held-out questions are answered, and apart from them those that are typed as people talk.

    python -m tests.benchmarks.languages [--misses]

With --misses it names every question whose entry does not come first.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from knowledge.language import Language
from knowledge.library import Library
from tests.benchmarks.accuracy import figures
from tests.knowledge.shelf import SERVICE
from tests.matching import installed

SPOKEN = {"es": Path(__file__).with_name("spoken_spanish.yaml")}
SHOWN = ("right first", "among three", "sure and right", "sure and wrong")


def spoken(code: str) -> list[tuple[str, str]]:
    """Return the entries and messages that are kept apart for a language, none where there are none."""
    path = SPOKEN.get(code)
    kept = yaml.safe_load(path.read_text(encoding="utf-8")) if path else ()
    return [(each["entry"], each["text"]) for each in kept]


def main(*, misses: bool) -> None:
    """Print a line for every collection of questions."""
    library = Library.load(service=SERVICE, fitting=installed())
    for code, language in library.languages.items():
        held_out = [(each.entry, each.text) for each in language.examples]
        for name, questions in (("held out", held_out), ("as people talk", spoken(code))):
            if questions:
                _print(f"{code}, {name}", library, language, questions, misses=misses)


def _print(
    name: str, library: Library, language: Language, questions: Sequence[tuple[str, str]], *, misses: bool
) -> None:
    results = [(entry, language.matcher.match(text)) for entry, text in questions]
    found = figures(results)
    elsewhere = sum(library.ear.language_of(text) not in {language.code, ""} for _, text in questions)
    shares = ", ".join(f"{each} {100 * found[each]:.1f}" for each in SHOWN)
    print(f"{name}, {len(questions)}: {shares}; heard in another language: {elsewhere}", flush=True)
    for (entry, match), (_, text) in zip(results, questions, strict=True):
        if misses and match.entries[0][0] != entry:
            print(f"  {entry} <- {match.entries[0][0]} ({match.decision}): {text}")


if __name__ == "__main__":
    main(misses="--misses" in sys.argv[1:])
