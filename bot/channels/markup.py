"""The bot's Markdown as Telegram HTML, which always parses, and as text for a terminal."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from html import escape

from bot.channels.markdown import Block, Line, Span, blocks, joined
from bot.dialogue.legible import legible

TELEGRAM_TEXT = 4096  # UTF-16 units of a message, counted after Telegram has read the tags
TELEGRAM_CAPTION = 1024
NO_BOLD = ("", "")
ANSI_BOLD = ("\x1b[1m", "\x1b[22m")

_BLANK = {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"}
_BLANK_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"

Word = tuple[Span, ...]


def telegram_html(text: str, limit: int = TELEGRAM_TEXT) -> list[str]:
    """Return the Markdown `text` as Telegram HTML, in as many messages as it needs of at most `limit` UTF-16 units.

    Every message is balanced, escaped, free of control characters and shows something; an empty text gives no message.
    """
    return [
        "\n\n".join("\n".join(map(_html, block)) for block in part)
        for part in split(blocks(text), limit)
        if any(is_visible(line.first + "".join(span.text for span in line.spans)) for block in part for line in block)
    ]


def terminal(text: str, width: int, bold: tuple[str, str] = NO_BOLD, bullet: str = "•") -> str:
    """Return the Markdown `text` wrapped to `width` columns; words longer than that (addresses) stay whole.

    `bold` is what switches bold on and off: `ANSI_BOLD`, or nothing.
    """
    return "\n\n".join(
        "\n".join(_plain(row, bold) for line in block for row in _rows(line, _words(_with_addresses(line)), width))
        for block in blocks(text, bullet)
    )


def split(document: Iterable[Block], limit: int) -> list[list[Block]]:
    """Return the blocks in parts of at most `limit` UTF-16 units: cut between blocks, else lines, else words."""
    parts: list[list[Block]] = []
    used = limit
    for piece in (piece for block in document for piece in _fitting(block, limit)):
        size = _block_units(piece)
        if used + 2 + size > limit:
            parts.append([])
            used = -2
        parts[-1].append(piece)
        used += 2 + size
    return parts


def label(text: str) -> str:
    """Return `text` fit for a button: one line, without control characters, never empty."""
    shown = " ".join(legible(text).split())
    return shown if is_visible(shown) else "…"


def is_visible(text: str) -> bool:
    """Return whether a person would see anything of `text`; Telegram refuses messages without that."""
    return any(char not in _BLANK_LETTERS and unicodedata.category(char) not in _BLANK for char in text)


def units(text: str) -> int:
    """Return the length of `text` as Telegram counts it, in UTF-16 units."""
    return len(text) + sum(char > "\uffff" for char in text)


def _fitting(block: Block, limit: int) -> Iterator[Block]:
    """Yield the block, or pieces of it that fit into `limit` units each."""
    if _block_units(block) <= limit:
        yield block
        return
    piece: Block = ()
    for line in block:
        room = limit - units(line.first if units(line.first) > units(line.rest) else line.rest)
        words = [part for word in _words(line.spans) for part in _chopped(word, max(room, 2))]
        for row in [line] if _units(line) <= limit else _rows(line, words, limit):
            if piece and _block_units((*piece, row)) > limit:
                yield piece
                piece = ()
            piece = (*piece, row)
    yield piece


def _words(spans: tuple[Span, ...]) -> list[Word]:
    words: list[list[Span]] = [[]]
    for span in spans:
        for place, part in enumerate(span.text.split(" ")):
            if place and words[-1]:
                words.append([])
            if part:
                words[-1].append(replace(span, text=part))
    return [tuple(word) for word in words if word]


def _chopped(word: Word, limit: int) -> Iterator[Word]:
    """Yield the word, or pieces of at most `limit` units of one that is longer."""
    piece: list[Span] = []
    room = limit
    for span in word:
        rest = span.text
        while units(rest) > room:
            fits = _length_within(rest, room)
            yield (*piece, replace(span, text=rest[:fits])) if fits else tuple(piece)
            piece, rest, room = [], rest[fits:], limit
        piece.append(replace(span, text=rest))
        room -= units(rest)
    yield tuple(piece)


def _length_within(text: str, room: int) -> int:
    """Return how many characters of `text` have room in so many units."""
    used = 0
    for place, char in enumerate(text):
        used += units(char)
        if used > room:
            return place
    return len(text)


def _rows(line: Line, words: list[Word], width: int) -> list[Line]:
    """Return the words as lines of at most `width` units, as far as single words allow."""
    rows = [Line((), line.first, line.rest)]
    used = units(line.first)
    for word in words:
        size = sum(units(span.text) for span in word)
        if rows[-1].spans and used + 1 + size > width:
            rows.append(Line(word, line.rest, line.rest))
            used = units(line.rest) + size
        elif rows[-1].spans:
            before = rows[-1].spans[-1]
            same = (before.tags, before.href) == (word[0].tags, word[0].href)
            space = replace(before, text=" ") if same else Span(" ")
            rows[-1] = replace(rows[-1], spans=joined((*rows[-1].spans, space, *word)))
            used += 1 + size
        else:
            rows[-1] = replace(rows[-1], spans=word)
            used += size
    return rows


def _units(line: Line) -> int:
    return units(line.first) + sum(units(span.text) for span in line.spans)


def _block_units(block: Block) -> int:
    return sum(map(_units, block)) + len(block) - 1


def _html(line: Line) -> str:
    return escape(line.first, quote=False) + "".join(map(_tagged, line.spans))


def _tagged(span: Span) -> str:
    opening = "".join(f"<{tag}>" for tag in span.tags)
    closing = "".join(f"</{tag}>" for tag in reversed(span.tags))
    text = f"{opening}{escape(span.text, quote=False)}{closing}"
    return f'<a href="{escape(span.href)}">{text}</a>' if span.href else text


def _plain(line: Line, bold: tuple[str, str]) -> str:
    on, off = bold
    texts = [f"{on}{span.text}{off}" if "b" in span.tags else span.text for span in line.spans]
    return (line.first + "".join(texts)).rstrip()


def _with_addresses(line: Line) -> tuple[Span, ...]:
    """Return the line's text with the address of each link behind it, as a terminal needs it."""
    shown: list[Span] = []
    for span in line.spans:
        if shown and shown[-1].href and shown[-1].href != span.href:
            shown.append(Span(f" ({shown[-1].href})"))
        shown.append(span)
    return (*shown, Span(f" ({shown[-1].href})")) if shown and shown[-1].href else tuple(shown)
