"""Telegram's HTML, read as strictly as Telegram does and more: whatever this takes, Telegram takes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

TAGS = {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "tg-spoiler", "a", "code", "pre", "blockquote"}
ALONE = {"code", "pre"}

_PIECE = re.compile(r"<(?P<tag>[^<>]*)>|&(?P<entity>[^;&<>\s]{1,10});|(?P<text>[^<>&]+)|(?P<bad>.)", re.DOTALL)
_TAG = re.compile(r"""(?P<end>/)?(?P<name>[a-z-]+)(?:\s+href="(?P<href>[^"<>]*)")?\s*""")
_ENTITY = re.compile(r"lt|gt|amp|quot|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6}")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")


class CannotParse(Exception):
    """Telegram would refuse this text: "can't parse entities"."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A styled stretch of the visible text, in characters."""

    tag: str
    start: int
    end: int
    href: str = ""


def read_html(html: str) -> tuple[str, list[Entity]]:
    """Return the visible text and its styles; CannotParse says what is wrong and where."""
    text = ""
    open_tags: list[Entity] = []
    entities: list[Entity] = []
    for place, kind, found in _pieces(html):
        if kind == "text":
            text += found
        elif kind == "entity":
            text += _entity(found, place)
        elif kind == "tag" and not found.startswith("/"):
            open_tags.append(_start(found, place, len(text), open_tags))
        elif kind == "tag":
            if not open_tags or found != f"/{open_tags[-1].tag}":
                raise CannotParse(f"unmatched end tag <{found}> at offset {place}")
            begun = open_tags.pop()
            entities.append(Entity(begun.tag, begun.start, len(text), begun.href))
        else:
            raise CannotParse(f"character {found!r} at offset {place} is not escaped")
    if open_tags:
        raise CannotParse(f"can't find end tag corresponding to start tag {open_tags[-1].tag!r}")
    if bad := _CONTROL.search(text):
        raise CannotParse(f"control character {bad.group()!r}")
    return text, sorted(entities, key=lambda entity: (entity.start, -entity.end))


def _pieces(html: str) -> Iterator[tuple[int, str, str]]:
    for match in _PIECE.finditer(html):
        kind = str(match.lastgroup)
        yield match.start(), kind, match.group(kind)


def _entity(name: str, place: int) -> str:
    if not _ENTITY.fullmatch(name):
        raise CannotParse(f"unknown entity &{name}; at offset {place}")
    return unescape(f"&{name};")


def _start(found: str, place: int, at: int, around: list[Entity]) -> Entity:
    match = _TAG.fullmatch(found)
    if match is None or match["end"] or match["name"] not in TAGS:
        raise CannotParse(f"unsupported start tag {found!r} at offset {place}")
    name = match["name"]
    if (name == "a") != (match["href"] is not None):
        raise CannotParse(f"tag {found!r} at offset {place} has the wrong attributes")
    if any(outer.tag in ALONE for outer in around) or (around and name in ALONE):
        raise CannotParse(f"{name!r} at offset {place}: code stands alone")
    return Entity(name, at, at, unescape(match["href"] or ""))
