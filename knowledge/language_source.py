"""Reads the folder of one language into a Language, and says everything that is wrong in it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

from knowledge.folder import Folder
from knowledge.language import Entry, Example, Language
from knowledge.schema import (
    EntriesFile,
    EntryShape,
    ExamplesFile,
    FlowFile,
    Known,
    LetterFile,
    PhrasesFile,
    WordsFile,
)
from knowledge.shaping import fit
from knowledge.template import Template
from knowledge.text import normalise
from knowledge.wording import FlowWording, Texts
from knowledge.yaml_source import Node

SUBFOLDERS = ("faq", "reactions", "flows", "letters")
FILES = ("phrases.yaml", "pages.yaml", "desk.yaml", "words.yaml", "examples.yaml")


def read_language(code: str, folder: Folder, known: Known, facts: Mapping[str, str]) -> Language | None:
    """The language of this code, or None if anything is wrong here or was before: see the folder's problems.

    `known` holds facts and sources; its entries and actions are found in the folder itself.
    """
    folder.refuse_strangers(FILES, SUBFOLDERS)
    trees = {name: folder.tree(name) for kind in ("faq", "reactions") for name in folder.yaml_files(kind)}
    if not trees:
        folder.problem("faq", None, "there is no entry", "write a first one into a file here, see README.md")
    ids = _ids(trees, folder)
    _refuse_repeated_phrasings(trees, folder)
    actions = [_stem(name) for name in folder.yaml_files("flows")]
    all_read = all(tree is not None and isinstance(tree.value, list) for tree in trees.values())
    known = replace(known, actions=actions, entries=ids if all_read else None)
    files = {
        name: fit(EntriesFile, tree, folder.prefix + name, known, folder.problems)
        for name, tree in trees.items()
        if tree is not None
    }
    flows = {_stem(name): folder.shape(FlowFile, name, known) for name in folder.yaml_files("flows")}
    letters = {_stem(name): folder.shape(LetterFile, name, known) for name in folder.yaml_files("letters")}
    phrases = folder.shape(PhrasesFile, "phrases.yaml", known)
    pages, desk = (_optional(folder, name, known) for name in ("pages.yaml", "desk.yaml"))
    words = folder.shape(WordsFile, "words.yaml", known)
    has_examples = (folder.path / "examples.yaml").exists()
    examples = folder.shape(ExamplesFile, "examples.yaml", known) if has_examples else None
    _refuse_shared_starts(flows, folder)
    if folder.problems or phrases is None or words is None:
        return None
    entries = (
        _entry(shape, "reaction" if name.startswith("reactions/") else "faq", facts)
        for name, file in files.items()
        if file
        for shape in file.root
    )
    return Language(
        code=code,
        name=phrases.root.get("language_name", code),
        entries=MappingProxyType({entry.id: entry for entry in entries}),
        words=MappingProxyType({word: frozenset(map(normalise, said)) for word, said in words.root.items()}),
        flows=MappingProxyType({name: _flow(name, shape, folder, facts) for name, shape in flows.items() if shape}),
        examples=tuple(Example(shape.text, shape.entry) for shape in examples.root) if examples else (),
        phrases=_texts(f"{folder.prefix}phrases.yaml", phrases.root, facts),
        pages=_texts(f"{folder.prefix}pages.yaml", pages.root if pages else {}, facts),
        desk=_texts(f"{folder.prefix}desk.yaml", desk.root if desk else {}, facts),
        letters=MappingProxyType(
            {
                name: _texts(f"{folder.prefix}letters/{name}.yaml", shape.model_dump(), facts)
                for name, shape in letters.items()
                if shape
            }
        ),
    )


def _optional(folder: Folder, name: str, known: Known) -> PhrasesFile | None:
    """Return what is said where a person of that kind reads; a language may lack the whole file."""
    return folder.shape(PhrasesFile, name, known) if (folder.path / name).exists() else None


def _stem(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".yaml")


def _entries(trees: Mapping[str, Node | None]) -> Iterator[tuple[str, Node]]:
    for name, tree in trees.items():
        for node in tree.items() if tree else ():
            yield name, node


def _ids(trees: Mapping[str, Node | None], folder: Folder) -> set[str]:
    seen: dict[str, str] = {}
    for name, node in _entries(trees):
        entry_id = node.get("id")
        if entry_id is None or not isinstance(entry_id.value, str):
            continue
        place = f"{folder.prefix}{name} line {entry_id.line}"
        first = seen.setdefault(entry_id.value, place)
        if first != place:
            what = f"there is an entry `{entry_id.value}` already, in {first}"
            folder.problem(name, entry_id, what, "give this one another id, or make one entry of the two")
    return set(seen)


def _refuse_repeated_phrasings(trees: Mapping[str, Node | None], folder: Folder) -> None:
    seen: dict[str, str] = {}
    for name, entry in _entries(trees):
        question, also = entry.get("question"), entry.get("also")
        for node in [*([question] if question else []), *(also.items() if also else [])]:
            if not isinstance(node.value, str):
                continue
            place = f"{folder.prefix}{name} line {node.line}"
            first = seen.setdefault(" ".join(node.value.casefold().split()), place)
            if first != place:
                folder.problem(name, node, f"this phrasing stands in {first} already", "keep it in one place only")


def _refuse_shared_starts(flows: Mapping[str, FlowFile | None], folder: Folder) -> None:
    seen: dict[str, str] = {}
    for flow, shape in flows.items():
        for said in shape.start if shape else ():
            first = seen.setdefault(normalise(said), flow)
            if first != flow:
                what = f"`{said}` starts {folder.prefix}flows/{first}.yaml already"
                folder.problem(f"flows/{flow}.yaml", None, what, "keep it in one of the two")


def _entry(shape: EntryShape, kind: Literal["faq", "reaction"], facts: Mapping[str, str]) -> Entry:
    return Entry(
        id=shape.id,
        kind=kind,
        question=shape.question,
        also=tuple(shape.also),
        answer=Template.parse(shape.answer).fill(facts),
        offer=tuple(shape.offer),
        see=tuple(shape.see),
        source=tuple(shape.source),
        reviewed=shape.reviewed,
    )


def _flow(name: str, shape: FlowFile, folder: Folder, facts: Mapping[str, str]) -> FlowWording:
    file = f"{folder.prefix}flows/{name}.yaml"
    options = {
        question: _texts(f"`options` `{question}` of {file}", labels, facts)
        for question, labels in shape.options.items()
    }
    return FlowWording(
        title=Template.parse(shape.title).fill(facts),
        start=frozenset(map(normalise, shape.start)),
        asks=_texts(f"`ask` of {file}", shape.ask, facts),
        says=_texts(f"`say` of {file}", shape.say, facts),
        options=MappingProxyType(options),
    )


def _texts(place: str, texts: Mapping[str, str], facts: Mapping[str, str]) -> Texts:
    return Texts(place, MappingProxyType({key: Template.parse(text) for key, text in texts.items()}), facts)
