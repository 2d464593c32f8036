"""The library: the knowledge folder, checked and read once, immutable from then on."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from types import MappingProxyType

from knowledge.directory_source import PLACES, REGULATORS, read_directory
from knowledge.fitting import BY_WORDS_ALONE, Fitting
from knowledge.folder import Folder
from knowledge.language import Entry, Example, Language
from knowledge.language_source import read_language
from knowledge.needed import Needed
from knowledge.office_days import CLOSED_ALSO, NONE, OPEN_ALTHOUGH, days
from knowledge.problems import KnowledgeError, Problem
from knowledge.schema import FactsFile, Known, SourcesFile, SourceShape
from knowledge.shaping import fit
from knowledge.wording import FlowWording, LetterText, MissingWordingError
from knowledge.yaml_source import Node

__all__ = [
    "Entry",
    "Example",
    "FlowWording",
    "KnowledgeError",
    "Language",
    "LetterText",
    "Library",
    "MissingWordingError",
    "Problem",
]

_CODE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_DEFAULT_CODE = "en"


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """All languages by code ("en" is always there), facts and sources.

    `folder` is where it was read from; `again` reads another folder under the same conditions, but for the dates.
    """

    languages: Mapping[str, Language]
    facts: Mapping[str, str]
    sources: Mapping[str, SourceShape]
    folder: Path
    again: Callable[[Path], "Library"]

    @classmethod
    def load(
        cls,
        folder: Path | None = None,
        *,
        service: Mapping[str, str],
        enforced: Mapping[str, object] = MappingProxyType({}),
        today: date | None = None,
        needed: Needed | None = None,
        fitting: Fitting = BY_WORDS_ALONE,
    ) -> "Library":
        """The library in `folder`, or the one that comes with this package. KnowledgeError names all that is wrong.

        `service` holds facts of the running service, `enforced` values of facts that no file may contradict. With
        `today`, dates of reviews and rulings after it are refused. Every language has to have what is `needed`: all
        that English has, when it is not given. `fitting` is how matchers are fitted: by words alone, if not given.
        """
        path = folder or Path(__file__).parent
        if not path.is_dir():
            raise KnowledgeError([Problem(str(path), 1, 1, "there is no such folder", "name one that holds knowledge")])
        problems: list[Problem] = []
        top = Folder(path, "", problems)
        codes = sorted(found.name for found in path.iterdir() if found.is_dir() and _CODE.fullmatch(found.name))
        if _DEFAULT_CODE not in codes:
            top.problem(_DEFAULT_CODE, None, "the folder is missing", "make it and write English there first")
        for stranger in sorted(
            {found.name for found in path.glob("[!.]*.y*ml")} - {"facts.yaml", "sources.yaml", PLACES, REGULATORS}
        ):
            top.problem(stranger, None, "nothing reads this file", "move it into the folder of a language")

        sources_tree, facts_tree = top.tree("sources.yaml"), top.tree("facts.yaml")
        known = Known(sources=sources_tree.keys if sources_tree else None, today=today)
        sources = fit(SourcesFile, sources_tree, "sources.yaml", known, problems) if sources_tree else None
        facts: dict[str, str] = dict(service)
        if facts_tree:
            fit(FactsFile, facts_tree, "facts.yaml", known, problems)
            facts = {**_values(facts_tree), **service}
            _refuse_contradictions(facts_tree, service, enforced, top)
            _refuse_unreadable_days(facts_tree, top)
        known = replace(known, facts=facts if facts_tree else None)
        directory = read_directory(top, known)

        read = {code: read_language(code, Folder(path / code, f"{code}/", problems), known, facts) for code in codes}
        languages = {
            code: replace(language, fitting=fitting, directory=directory) for code, language in read.items() if language
        }
        if not problems:
            _refuse_gaps(languages, needed or Needed.of(languages[_DEFAULT_CODE]), top)
        if problems or sources is None:
            raise KnowledgeError(problems)
        again = partial(cls.load, service=service, enforced=enforced, needed=needed, fitting=fitting)
        return cls(MappingProxyType(languages), MappingProxyType(facts), MappingProxyType(sources.root), path, again)

    def language(self, code: str) -> Language:
        """The language of this code, or English if there is none."""
        return self.languages.get(code, self.languages[_DEFAULT_CODE])


def _values(facts: Node) -> dict[str, str]:
    """Every fact as the text that stands in sentences, as far as it can be read."""
    values = {}
    for name in facts.keys:
        fact = facts.get(name)
        value = fact.get("value") if fact else None
        values[name] = str(value.value) if value else ""
    return values


def _refuse_contradictions(
    facts: Node, service: Mapping[str, str], enforced: Mapping[str, object], top: Folder
) -> None:
    for name in facts.keys:
        fact = facts.get(name)
        value = fact.get("value") if fact else None
        if name in service:
            top.problem("facts.yaml", fact, f"`{name}` comes from the running service", "remove it here")
        elif value is not None and name in enforced and value.value != enforced[name]:
            what = f"`{name}` says {value.value}, and the system enforces {enforced[name]}"
            top.problem("facts.yaml", value, what, f"write {enforced[name]}; the rule itself stands in core/rules.py")


def _refuse_unreadable_days(facts: Node, top: Folder) -> None:
    for name in (CLOSED_ALSO, OPEN_ALTHOUGH):
        fact = facts.get(name)
        value = fact.get("value") if fact else None
        try:
            days(str(value.value) if value else NONE)
        except ValueError:
            mend = 'write days in quotes, as "2026-12-24, 2026-12-31", or none'
            top.problem("facts.yaml", value, f"`{name}` is no list of days", mend)


def _refuse_gaps(languages: Mapping[str, Language], needed: Needed, top: Folder) -> None:
    """A sentence that the program says and a language does not have would fail before a person."""
    for code, language in languages.items():
        theirs = language.fields()
        for place, fields in needed.texts.items():
            file, _, key = place.partition(" ")
            if place not in theirs:
                top.problem(f"{code}/{file}.yaml", None, f"`{key}` is missing, which the bot says", "write it")
            for extra in sorted(theirs.get(place, fields) - fields):
                mend = f"write one of {{{', '.join(sorted(fields))}}}" if fields else "remove it"
                top.problem(f"{code}/{file}.yaml", None, f"`{key}` uses {{{extra}}}, which it is not given", mend)
        for word in sorted(needed.words - language.words.keys()):
            top.problem(
                f"{code}/words.yaml", None, f"`{word}` is missing, which the bot hears", "add how people say it"
            )
