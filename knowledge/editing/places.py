"""Where a thing stands in the files, for remarks that are made long after reading."""

from functools import cached_property
from pathlib import Path

from knowledge.folder import Folder
from knowledge.problems import Problem
from knowledge.yaml_source import Node

Place = tuple[str, int, int]
"""File relative to the knowledge folder, line, column."""


class Places:
    """Finds things of one language; its files are read when the first is looked for, and not before."""

    def __init__(self, folder: Path, code: str) -> None:
        """Look in the folder of the language `code` in the knowledge folder."""
        self._folder = Folder(folder / code, f"{code}/", [])

    def entry(self, entry: str) -> Place:
        """Where the entry begins."""
        return self._of_entries.get((entry, "id"), (f"{self._folder.prefix}faq", 1, 1))

    def part(self, entry: str, key: str) -> Place:
        """Where the entry's question, answer, see or reviewed stands."""
        return self._of_entries.get((entry, key), self.entry(entry))

    def phrasing(self, entry: str, text: str) -> Place:
        """Where one phrasing of an entry stands."""
        return self._of_phrasings.get((entry, text), self.entry(entry))

    def example(self, number: int) -> Place:
        """Where the example with this number, from 0, stands."""
        file = "examples.yaml"
        items = self._examples.items() if self._examples else []
        node = items[number] if number < len(items) else None
        return (self._folder.prefix + file, node.line, node.column) if node else (self._folder.prefix + file, 1, 1)

    @cached_property
    def _entries(self) -> list[tuple[str, Node]]:
        names = [*self._folder.yaml_files("faq"), *self._folder.yaml_files("reactions")]
        return [(name, node) for name in names if (tree := self._folder.tree(name)) for node in tree.items()]

    @cached_property
    def _examples(self) -> Node | None:
        return self._folder.tree("examples.yaml")

    @cached_property
    def _of_entries(self) -> dict[tuple[str, str], Place]:
        return {
            (str(entry.value), key): self._place(name, value)
            for name, node in self._entries
            if (entry := node.get("id"))
            for key in node.keys
            if (value := node.get(key))
        }

    @cached_property
    def _of_phrasings(self) -> dict[tuple[str, str], Place]:
        found = {}
        for name, node in self._entries:
            entry, question, also = node.get("id"), node.get("question"), node.get("also")
            for each in [*([question] if question else []), *(also.items() if also else [])]:
                if entry:
                    found[str(entry.value), str(each.value).strip()] = self._place(name, each)
        return found

    def _place(self, name: str, node: Node) -> Place:
        return self._folder.prefix + name, node.line, node.column


def remark(place: Place, what: str, mend: str) -> Problem:
    """What is to be said of one place."""
    return Problem(*place, what, mend)
