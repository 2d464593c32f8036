"""Texts with facts and fields in braces, and what makes a field safe inside Markdown."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_PIECE = re.compile(r"\{\{|\}\}|\{(?P<name>[a-z][a-z0-9_]*)\}|(?P<stray>[{}])")
_SPECIAL = re.compile(r"[\\`*_\[\]<>&~|#!]")
_SPECIAL_AT_LINE_START = re.compile(r"^([0-9]{0,9})([-+=.)])", re.MULTILINE)
_INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Template:
    """A text whose `{name}`s wait for a value; `names` are they, each once."""

    text: str
    names: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> "Template":
        """The template written in `text`. A literal brace is `{{` or `}}`; a brace that is neither: ValueError."""
        for match in _PIECE.finditer(text):
            if match["stray"]:
                around = text[max(0, match.start() - 12) : match.end() + 12]
                raise ValueError(" ".join(around.split()))
        return cls(text, frozenset(match["name"] for match in _PIECE.finditer(text) if match["name"]))

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with every name replaced by its value, which is not searched for names; KeyError for one without."""
        return _PIECE.sub(lambda match: values[match["name"]] if match["name"] else match[0][0], self.text)


def as_markdown(text: str) -> str:
    """Text that Markdown shows literally: a backslash before whatever would mean something, no line indented."""
    escaped = _SPECIAL.sub(r"\\\g<0>", _INDENTATION.sub("", text))
    return _SPECIAL_AT_LINE_START.sub(r"\1\\\2", escaped)
