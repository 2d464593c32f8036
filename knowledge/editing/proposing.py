"""`propose`: an edit as an editor would make it: lines put in, nothing else touched, tried before it is shown."""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from difflib import unified_diff
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import indent

import yaml

from knowledge.editing.places import Places
from knowledge.language import Entry, Language
from knowledge.library import Library
from knowledge.problems import KnowledgeError, Problem
from knowledge.text import normalise


class NotProposed(Exception):
    """There is nothing to propose: `problems` say why, as the check would."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True)
class Written:
    """A new entry: its id, question, the phrasings beside that, its answer (Markdown, no facts) and its sources."""

    id: str
    question: str
    also: tuple[str, ...]
    answer: str
    source: tuple[str, ...]
    reviewed: date

    def lines(self) -> str:
        """Return it as the files have it."""
        also = "".join(f"    - {as_yaml(each)}\n" for each in self.also)
        answer = indent(self.answer.replace("{", "{{").replace("}", "}}").strip(), "    ")
        source = ", ".join(json.dumps(each) for each in self.source)
        return (
            f"- id: {self.id}\n  question: {as_yaml(self.question)}\n  also:\n{also}  answer: |-\n{answer}\n"
            f"  source: [{source}]\n  reviewed: {self.reviewed}\n"
        )


@dataclass(frozen=True)
class Proposal:
    """One file before and after an edit, and the language as it would be with it; `file` is relative to the folder."""

    folder: Path
    file: str
    before: str
    after: str
    language: Language

    def diff(self) -> str:
        """Return the edit as a unified diff, for `git apply` or `patch -p1` in the folder above the knowledge."""
        name = f"{self.folder.name}/{self.file}"
        lines = unified_diff(_lines(self.before), _lines(self.after), f"a/{name}", f"b/{name}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def phrasing_added(library: Library, code: str, entry: str, phrasing: str) -> Proposal:
    """Return the edit that adds a phrasing to an entry; NotProposed says what speaks against it."""
    language = library.language(code)
    known = language.entries.get(entry)
    if known is None:
        raise NotProposed([_problem(code, f"there is no entry `{entry}` any more", "choose the one that answers it")])
    _refuse_taken(language, code, [phrasing])
    place = Places(library.folder, code).entry(entry)
    return _proposed(library, code, place[0], lambda text: with_phrasing(text, entry, phrasing), (entry, phrasing))


def entry_added(library: Library, code: str, written: Written) -> Proposal:
    """Return the edit that adds an entry, to the file whose entries are likest; NotProposed as above."""
    language = library.language(code)
    _refuse_taken(language, code, [written.question, *written.also])
    faq = (entry for entry, _ in language.matcher.rank(written.question) if language.entries[entry].kind == "faq")
    file, *_ = Places(library.folder, code).entry(next(faq))

    def with_entry(text: str) -> str:
        gap = "\n" if text.endswith("\n") else "\n\n"
        return text + f"{gap}{written.lines()}".replace("\n", _ending(text))

    return _proposed(library, code, file, with_entry, (written.id, *written.also))


def with_phrasing(text: str, entry: str, phrasing: str) -> str:
    """Return a file's text with a phrasing more at the end of an entry's `also`; all else stays, comments as well."""
    also = _also_of(yaml.compose(text, Loader=yaml.CSafeLoader), entry)
    if also is None:
        raise ValueError(f"there is no entry {entry} with other phrasings in this file")
    lines = text.splitlines(keepends=True)
    if also.flow_style:
        line, column = also.end_mark.line, also.end_mark.column - 1
        kept = lines[line]
        lines[line] = f"{kept[:column].rstrip()}, {as_yaml(phrasing, in_brackets=True)}{kept[column:]}"
        return "".join(lines)
    last = also.value[-1]
    dash = " " * also.start_mark.column
    ending = _ending(text)
    before = lines[last.end_mark.line]
    if not before.endswith("\n"):
        return f"{text}{ending}{dash}- {as_yaml(phrasing)}"
    return "".join(
        [*lines[: last.end_mark.line + 1], f"{dash}- {as_yaml(phrasing)}{ending}", *lines[last.end_mark.line + 1 :]]
    )


def as_yaml(text: str, *, in_brackets: bool = False) -> str:
    """Return a text as a value of one line: in quotes where it would be read as something else without."""
    said = " ".join(text.split())
    listed = f"[{said}]" if in_brackets else f"- {said}"
    try:
        is_plain = yaml.load(listed, Loader=yaml.CSafeLoader) == [said]
    except yaml.YAMLError:
        is_plain = False
    return said if is_plain else json.dumps(said, ensure_ascii=False)


def new_id(language: Language, question: str) -> str:
    """Return an id for a new entry, of the first words of its question, that no other entry has."""
    words = "_".join(word for word in normalise(question).split()[:6] if word.isascii() and word.isalnum())[:48]
    stem = words.strip("_") or "question"
    return next(each for each in _numbered(stem) if each not in language.entries)


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    number = 2
    while True:
        yield f"{stem}_{number}"
        number += 1


def _proposed(library: Library, code: str, file: str, edit: Callable[[str], str], added: Sequence[str]) -> Proposal:
    before = (library.folder / file).read_bytes().decode("utf-8")
    after = edit(before)
    with _copy(library.folder) as copy:
        (copy / file).write_bytes(after.encode("utf-8"))
        try:
            language = library.again(copy).language(code)
        except KnowledgeError as error:
            raise NotProposed(error.problems) from error
    entry, *phrasings = added
    if not set(phrasings) <= set(language.entries[entry].phrasings) or _others(library, code, entry) != {
        name: each for name, each in language.entries.items() if name != entry
    }:
        raise NotProposed([Problem(file, 1, 1, "this file is written in a way that no line can be put in", "edit it")])
    return Proposal(library.folder, file, before, after, language)


def _refuse_taken(language: Language, code: str, phrasings: Iterable[str]) -> None:
    """NotProposed where an entry has one of the phrasings already, but for capitals and punctuation, or an example."""
    said = {normalise(each) for each in phrasings}
    for entry in language.entries.values():
        if said.intersection(map(normalise, entry.phrasings)):
            what = f"`{entry.id}` has this phrasing already, but for capitals and punctuation"
            raise NotProposed([_problem(code, what, "choose that entry, or a sentence that is new")])
    if said.intersection(normalise(each.text) for each in language.examples):
        what = "this is one of the examples, which measure something only while no entry has them"
        raise NotProposed([_problem(code, what, "say it in other words")])


@contextmanager
def _copy(folder: Path) -> Iterator[Path]:
    """Yield a copy of the knowledge, without anything else that lies in its folder."""
    with TemporaryDirectory() as made:
        copy = Path(made) / folder.name
        for path in folder.rglob("*.yaml"):
            (copy / path.relative_to(folder)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy / path.relative_to(folder))
        yield copy


def _others(library: Library, code: str, entry: str) -> dict[str, Entry]:
    return {name: each for name, each in library.language(code).entries.items() if name != entry}


def _also_of(root: yaml.Node | None, entry: str) -> yaml.SequenceNode | None:
    """Return where the other phrasings of an entry stand."""
    for node in root.value if isinstance(root, yaml.SequenceNode) else ():
        keys = {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}
        also = keys.get("also")
        if "id" in keys and keys["id"].value == entry and isinstance(also, yaml.SequenceNode) and also.value:
            return also
    return None


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _ending(text: str) -> str:
    """Return how the lines of a file end."""
    return "\r\n" if "\r\n" in text else "\n"


def _problem(code: str, what: str, mend: str) -> Problem:
    return Problem(f"{code}/faq", 1, 1, what, mend)
