"""A strict reader of YAML: a tree whose every value knows its line and column, and no surprises."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import yaml

from knowledge.problems import Problem
from knowledge.yaml_errors import SourceError, syntax_error

MAX_BYTES = 1_000_000
MAX_DEPTH = 12
MAX_CHARACTER_PROBLEMS = 20

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNWELCOME = re.compile(
    "\t|[^\n -~\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u200b\u2028-\u202e\u2066-\u2069\ufeff]"
)

Value: TypeAlias = "str | int | date | list[Node] | dict[str, Node] | None"


@dataclass(slots=True)
class Node:
    """One value of a file: what it is, where it begins, and where each key stands if it is a mapping (all from 1)."""

    value: Value
    line: int
    column: int
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)

    def plain(self) -> object:
        """The value without its places: text, int, bool, date, None, and lists and dicts of them."""
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        return self.value

    def items(self) -> list["Node"]:
        """The values of a list, in order; none if it is something else."""
        return self.value if isinstance(self.value, list) else []

    def get(self, key: str) -> "Node | None":
        """The value under a key; None if there is none, or if this is not a mapping."""
        return self.value.get(key) if isinstance(self.value, dict) else None


def read_yaml(path: Path, file: str, problems: list[Problem]) -> Node | None:
    """The tree of one file, or None if it cannot be used; what is wrong is added to `problems` under the name `file`.

    Keys are always text. Plain values are text too, but for `true` and `false`, decimal integers, ISO dates, and
    nothing at all (None). Anchors, aliases, tags, duplicate keys, a second document, tabs, invisible characters, more
    than 12 levels, more than 1 MB and anything but UTF-8 are refused.
    """
    found: list[SourceError] = []
    root: Node | None = None
    try:
        text = _text(path)
        found += islice(_unwelcome_characters(text), MAX_CHARACTER_PROBLEMS)
        if not found:
            root = _Tree(text, found).root()
    except SourceError as mistake:
        found.append(mistake)
    problems += (Problem(file, mistake.line, mistake.column, mistake.what, mistake.mend) for mistake in found)
    return None if found else root


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "it is no ordinary file").lower()
        raise SourceError(
            1, 1, f"the file cannot be read ({reason})", "give back a readable file, or remove it"
        ) from error
    if len(raw) > MAX_BYTES:
        raise SourceError(1, 1, "the file is larger than 1 MB", "split it into several files")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig", errors="replace")
        line, column = _place(before, len(before))
        raise SourceError(line, column, "this is not UTF-8", "save the file with the encoding UTF-8") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _unwelcome_characters(text: str) -> Iterator[SourceError]:
    for match in _UNWELCOME.finditer(text):
        line, column = _place(text, match.start())
        if match[0] == "\t":
            yield SourceError(line, column, "a tab stands here", "write spaces instead")
        else:
            yield SourceError(line, column, f"the invisible character U+{ord(match[0]):04X} stands here", "delete it")


def _place(text: str, position: int) -> tuple[int, int]:
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


class _Tree:
    """Builds the nodes from the parser's events without recursion, so that depth is refused before it can hurt."""

    def __init__(self, text: str, found: list[SourceError]) -> None:
        self._text = text
        self._lines = text.split("\n")
        self._found = found
        self._root: Node | None = None
        self._open: list[Node] = []
        self._waiting_keys: list[str | None] = []
        self._long_quotation: SourceError | None = None

    def root(self) -> Node:
        try:
            for event in yaml.parse(self._text, Loader=yaml.CSafeLoader):
                self._take(event)
        except yaml.MarkedYAMLError as error:
            raise self._long_quotation or syntax_error(error) from error
        if self._root is None:
            raise SourceError(1, 1, "the file is empty", "write its content, or remove the file")
        return self._root

    def _take(self, event: yaml.Event) -> None:
        match event:
            case yaml.AliasEvent():
                raise self._error(event, f"`*{event.anchor}` is an alias", "write the text out, or put it in quotes")
            case yaml.NodeEvent(anchor=str(anchor)):
                raise self._error(event, f"`&{anchor}` is an anchor", "remove it, or put the text in quotes")
            case yaml.ScalarEvent(tag=str(tag)) | yaml.CollectionStartEvent(tag=str(tag)):
                shown = tag.replace("tag:yaml.org,2002:", "!!")
                raise self._error(event, f"`{shown}` is a tag", "remove it, or put the text in quotes")
            case yaml.DocumentStartEvent() if self._root is not None:
                raise self._error(event, "a second document begins here", "remove `---`, or use another file")
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.CollectionStartEvent():
                if len(self._open) == MAX_DEPTH:
                    raise self._error(event, f"this is more than {MAX_DEPTH} levels deep", "write it flatter")
                empty: list[Node] | dict[str, Node] = [] if isinstance(event, yaml.SequenceStartEvent) else {}
                node = self._node(event, empty)
                self._add(node)
                self._open.append(node)
                self._waiting_keys.append(None)
            case yaml.CollectionEndEvent():
                self._open.pop()
                self._waiting_keys.pop()

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if self._open and isinstance(self._open[-1].value, dict) and self._waiting_keys[-1] is None:
            self._key(event)
            return
        last_line = event.end_mark.line + 1 if event.end_mark else 1
        if not event.style:
            self._refuse_swallowed_item(event, last_line)
        self._long_quotation = None
        if event.style in ("'", '"') and last_line > _begins(event)[0]:
            what = f"the quotation mark that opens here is closed in line {last_line} only"
            self._long_quotation = self._error(event, what, "close it where the text ends")
        self._add(self._node(event, event.value if event.style else _resolved(event.value)))

    def _key(self, event: yaml.ScalarEvent) -> None:
        mapping, key = self._open[-1], event.value
        first = mapping.keys.get(key)
        if first is None:
            mapping.keys[key] = _begins(event)
        else:
            self._found.append(
                self._error(event, f"the key `{key}` was there in line {first[0]} already", "keep one of the two")
            )
        self._waiting_keys[-1] = key

    def _add(self, node: Node) -> None:
        if not self._open:
            self._root = node
            return
        parent = self._open[-1].value
        if isinstance(parent, list):
            parent.append(node)
            return
        key = self._waiting_keys[-1]
        if key is None:
            raise SourceError(node.line, node.column, "this is no key", "put text beginning with `{` or `[` in quotes")
        if isinstance(parent, dict):
            parent[key] = node
        self._waiting_keys[-1] = None

    def _refuse_swallowed_item(self, event: yaml.ScalarEvent, last_line: int) -> None:
        first_line = _begins(event)[0]
        for number, line in enumerate(self._lines[first_line:last_line], start=first_line + 1):
            if line.lstrip().startswith("- "):
                column = line.index("-") + 1
                mend = "indent its `-` as its neighbours', or write `|` after the key of a text of many lines"
                self._found.append(SourceError(number, column, "this item runs into the text above it", mend))

    @staticmethod
    def _node(event: yaml.Event, value: Value) -> Node:
        line, column = _begins(event)
        return Node(value, line, column)

    @staticmethod
    def _error(event: yaml.Event, what: str, mend: str) -> SourceError:
        line, column = _begins(event)
        return SourceError(line, column, what, mend)


def _begins(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _resolved(text: str) -> Value:
    if not text:
        return None
    if text in ("true", "false"):
        return text == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    return text
