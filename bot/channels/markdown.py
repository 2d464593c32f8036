"""Markdown as lines of styled text, in paragraphs and lists; every channel lays them out in its own way."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from bot.dialogue.legible import legible

_TAGS = {"strong_open": "b", "em_open": "i"}
# Controls, directional overrides and halves of surrogate pairs: nothing that a sentence needs.
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_REST_OF_ADDRESS = re.compile(r"://[^\s<>*`\[\]\\]*")


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one style: the Telegram tags around it, outermost first, and where it links to."""

    text: str
    tags: tuple[str, ...] = ()
    href: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `first` stands before it, and `rest` before what is left of it when it does not fit."""

    spans: tuple[Span, ...]
    first: str = ""
    rest: str = ""


Block = tuple[Line, ...]  # a paragraph or a list


def blocks(text: str, bullet: str = "•") -> list[Block]:
    """Return the paragraphs and lists of the Markdown `text`, in reading order; HTML in it is mere text."""
    found: list[Block] = []
    lines: list[Line] = []
    nesting = _Nesting(bullet)
    for token in tokens(text):
        nesting.follow(token)
        lines += [nesting.line(spans) for spans in _contents(token, nesting.outer)]
        if token.level == 0 and token.nesting <= 0 and lines:
            found.append(tuple(lines))
            lines = []
    return found


def tokens(text: str) -> list[Token]:
    """Return the Markdown `text` as its parser's tokens; HTML in it is mere text."""
    return _PARSER.parse(legible(_LINE_ENDS.sub("\n", text)))


class _Nesting:
    """The lists and quotations around a line; a marker stands before its first line, an indent before the others."""

    def __init__(self, bullet: str) -> None:
        self.outer: tuple[str, ...] = ()
        self._bullet = bullet
        self._counters: list[int | None] = []
        self._markers: list[str] = []
        self._indents: list[str] = []

    def follow(self, token: Token) -> None:
        match token.type:
            case "heading_open":
                self.outer = ("b",)
            case "heading_close":
                self.outer = ()
            case "bullet_list_open":
                self._counters.append(None)
            case "ordered_list_open":
                self._counters.append(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                self._counters.pop()
            case "list_item_open":
                number = self._counters[-1]
                self._counters[-1] = None if number is None else number + 1
                marker = f"{self._bullet} " if number is None else f"{number}. "
                self._enter(marker, " " * len(marker))
            case "blockquote_open":
                self._enter("> ", "> ")
            case "list_item_close" | "blockquote_close":
                self._markers.pop()
                self._indents.pop()

    def _enter(self, marker: str, indent: str) -> None:
        self._markers.append(marker)
        self._indents.append(indent)

    def line(self, spans: tuple[Span, ...]) -> Line:
        line = Line(spans, "".join(self._markers), "".join(self._indents))
        self._markers = list(self._indents)
        return line


def _contents(token: Token, outer: tuple[str, ...]) -> list[tuple[Span, ...]]:
    """Return the lines that a token holds itself."""
    match token.type:
        case "inline":
            return _lines(token.children or [], outer)
        case "fence" | "code_block":
            return [(Span(_spoken(row), ("code",)),) for row in token.content.rstrip("\n").split("\n")]
        case "hr":
            return [(Span("———"),)]
    return []


def _lines(tokens: list[Token], outer: tuple[str, ...]) -> list[tuple[Span, ...]]:
    rows: list[list[Span]] = [[]]
    tags = list(outer)
    href = ""
    for token in tokens:
        match token.type:
            case "strong_open" | "em_open":
                tags.append(_TAGS[token.type])
            case "strong_close" | "em_close":
                tags.pop()
            case "link_open":
                href = str(token.attrGet("href") or "")
            case "link_close":
                href = ""
            case "hardbreak":
                rows.append([])
            case "softbreak":
                rows[-1].append(_span(" ", tags, href))
            case "code_inline":
                rows[-1].append(_span(token.content, [*tags, "code"], href))
            case _:
                rows[-1].append(_span(token.content, tags, href))
    return [joined(row) for row in rows]


def _span(text: str, tags: list[str], href: str) -> Span:
    shown = _spoken(text)
    if "code" in tags:  # Telegram lets code stand alone only
        return Span(shown, ("code",))
    linked = href.startswith(("http://", "https://", "mailto:")) and shown not in {href, href.removeprefix("mailto:")}
    return Span(shown, tuple(dict.fromkeys(tags)), href if linked else "")


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the spans with neighbours of one style made one."""
    whole: list[Span] = []
    for span in spans:
        if whole and (whole[-1].tags, whole[-1].href) == (span.tags, span.href):
            whole[-1] = replace(span, text=whole[-1].text + span.text)
        elif span.text:
            whole.append(span)
    return tuple(whole)


def _spoken(text: str) -> str:
    return re.sub("[\t\n\u2028\u2029]", " ", legible(text))


def _address(state: StateInline, silent: bool) -> bool:
    """Take the rest of a plain address as it stands: what looks like emphasis in it is none."""
    rest = _REST_OF_ADDRESS.match(state.src, state.pos)
    if rest is None or not state.pending.endswith(("http", "https")):
        return False
    if not silent:
        state.pending += rest.group()
    state.pos = rest.end()
    return True


_PARSER = MarkdownIt("commonmark", {"html": False})
_PARSER.inline.ruler.before("escape", "address", _address)
