"""Choices in the terminal: numbered, and no wider than the screen."""

import io
from pathlib import Path

from bot.channels.terminal import Screen, Terminal
from bot.dialogue.messages import Button, Delivery, Reply
from core.keys import Keys
from tests.world import SECRET, library

LONG = "I asked for my username or a password reset, but the email has not come. What now?"


def test_a_long_choice_is_wrapped_between_words_under_its_own_beginning(tmp_path: Path) -> None:
    shown = io.StringIO()
    terminal = Terminal(Screen(shown, columns=60), Keys(SECRET), lambda: library().language("en"), tmp_path)
    reply = Reply("What now?", (Button("Yes", "1"), Button(LONG, "2")))
    terminal.show(Delivery(1, "lease", 1, "terminal", "here", (reply,)))
    lines = shown.getvalue().splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[2:] == ["  [1] Yes", f"  [2] {LONG[:52]}", f"      {LONG[53:]}", ""]
