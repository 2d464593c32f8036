"""A letter as mail programs show it: its text with one button, all escaped; no picture, nothing from elsewhere."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_ADDRESS = re.compile(r"https?://\S+")
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph: words, a value that stands alone (a username, a code), or the address behind the button."""

    kind: Literal["words", "value", "button"]
    text: str


def parts(body: str, values: Sequence[str]) -> list[Part]:
    """Return the paragraphs of a letter's text; `values` are what may stand alone."""
    paragraphs = [each.strip() for each in re.split(r"\n[ \t]*\n", body) if each.strip()]
    return [Part(_kind(each, values), each) for each in paragraphs]


def written(language: str, **texts: object) -> str:
    """Return the letter as HTML."""
    return _templates.get_template("letter.html").render(language=language, **texts)


def _kind(paragraph: str, values: Sequence[str]) -> Literal["words", "value", "button"]:
    if _ADDRESS.fullmatch(paragraph):
        return "button"
    return "value" if paragraph in values else "words"
