"""The terminal channel: replies, pictures in block letters, and letters framed as their recipient would see them."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from bot.channels import markup, pictures
from bot.dialogue.legible import legible
from bot.dialogue.messages import Delivery, Incoming, Picture, Reply
from core import verification
from core.keys import Keys
from knowledge.language import Language

CHANNEL = "terminal"
PIPE = "pipe"  # lines that come from a program: their follow-ups stay queued
BOLD = ("\x1b[1m", "\x1b[22m")
WIDEST = 88


@dataclass(frozen=True, slots=True)
class Screen:
    """What the terminal can show: columns, whether letters beyond ASCII come out, and what makes text bold."""

    out: TextIO
    columns: int = 80
    unicode: bool = True
    bold: tuple[str, str] = ("", "")

    def show(self, text: str) -> None:
        """Write a block of text and an empty line after it."""
        shown = text if self.unicode else text.encode("ascii", "replace").decode()
        self.out.write(f"{shown}\n\n")
        self.out.flush()


class Terminal:
    """One person at one terminal: shows them what the bot and its letters say."""

    def __init__(self, screen: Screen, keys: Keys, language: Callable[[], Language], sounds: Path) -> None:
        """Write to `screen`; spoken digits become files in the folder `sounds`."""
        self._screen = screen
        self._keys = keys
        self._language = language
        self._sounds = sounds
        self._choices: list[str] = []

    def show(self, delivery: Delivery) -> None:
        """Show the replies; their buttons are numbered through, and a number typed next presses one."""
        self._choices = []
        for reply in delivery.replies:
            self._show_reply(reply)

    def typed(self, channel: str, chat: str, key: str, line: str) -> Incoming:
        """Return a typed line as the conversation takes it: a number that stands before a choice presses it."""
        number = line.strip("[]().# ")
        if number.isascii() and number.isdigit() and len(number) <= 2 and 1 <= int(number) <= len(self._choices):
            return Incoming(channel, chat, key, button=self._choices[int(number) - 1])
        return Incoming(channel, chat, key, text=line, language=self._language().code)

    def echo(self, line: str) -> None:
        """Show a line that a program typed, as far as it can be shown."""
        self._screen.show(legible(line))

    def tell(self, phrase: str, **fields: object) -> None:
        """Show a phrase that is the terminal's own, outside of the conversation."""
        self._screen.show(self._text(self._language().phrase(phrase, **fields)))

    def show_letter(self, to: str, sender: str, subject: str, body: str) -> None:
        """Show a letter in a frame. Its lines stay whole where they hold an address to copy."""
        corner, side, bottom, line = ("┌", "│", "└", "─") if self._screen.unicode else ("+", "|", "+", "-")
        width = self._width() - 2
        title = f" {self._text(self._language().phrase('chat_letter', to=to))} "
        lines = [
            *self._text(self._language().phrase("chat_letter_head", sender=sender, subject=subject)).splitlines(),
            "",
        ]
        for paragraph in legible(body).splitlines():
            lines += textwrap.wrap(paragraph, width, break_long_words=False, break_on_hyphens=False) or [""]
        framed = [f"{side} {each}".rstrip() for each in lines]
        head = f"{corner}{line}{title}".ljust(width, line)
        self._screen.show("\n".join([head, *framed, bottom + line * (width - 1)]))

    def _show_reply(self, reply: Reply) -> None:
        parts = [self._picture(reply.picture)] if reply.picture else []
        parts.append(self._text(reply.text))
        choices = []
        for button in reply.buttons:
            self._choices.append(button.data)
            sign = f"  [{len(self._choices)}] "
            choices.append(textwrap.fill(sign + button.label, self._width(), subsequent_indent=" " * len(sign)))
        self._screen.show("\n\n".join([*parts, *(["\n".join(choices)] if choices else [])]))

    def _picture(self, picture: Picture) -> str:
        characters = verification.shown(self._keys, picture.kind, picture.challenge)
        if picture.kind == "continuation":
            return characters
        if picture.kind == "characters":
            return (pictures.half_blocks if self._screen.unicode else pictures.hashes)(characters, self._width())
        self._sounds.mkdir(parents=True, exist_ok=True)
        path = self._sounds / f"digits-{verification.row_of(picture.challenge)}.wav"
        path.write_bytes(pictures.wav(characters))
        return self._text(self._language().phrase("chat_spoken", path=str(path)))

    def _text(self, markdown: str) -> str:
        bullet = "•" if self._screen.unicode else "-"
        return markup.terminal(markdown, self._width(), self._screen.bold, bullet)

    def _width(self) -> int:
        return min(self._screen.columns, WIDEST)
