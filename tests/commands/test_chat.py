"""`cersbot chat`, as a person or a program at a terminal has it."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.commands.chat import language_of_terminal
from core.database import Database
from core.tables import FollowUp, Ticket
from tests.commands.process import environment, run, start


def test_lines_from_a_pipe_are_answered_and_the_end_of_input_is_a_good_end(tmp_path: Path) -> None:
    said = "I forgot my username. How do I get it back?\n1\ndana@example.org\n"
    done = run(tmp_path, "chat", said=said)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "not on CalEPA's" in " ".join(done.stdout.split())
    assert "> dana@example.org" in done.stdout
    assert "Please type the characters in the picture" in done.stdout


def test_the_end_of_input_leaves_follow_ups_queued(tmp_path: Path) -> None:
    with start(tmp_path, "chat") as process:
        assert process.stdin
        assert process.stdout
        for line in ("recover my username", "dana@example.org", "mail me a code"):
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
        code = next(found[1] for line in process.stdout if (found := re.match(r"│ (\d{8})$", line)))
        process.stdin.write(f"{code}\n")
        process.stdin.close()
        rest = process.stdout.read()
        assert process.wait(20) == 0
    assert "d****@example.org" in rest
    assert "danalee1" in rest
    database = Database(f"sqlite:///{tmp_path}/var/chat.db")
    with database.transaction() as session:
        assert [row.settled_at for row in session.scalars(select(FollowUp))] == [None]
    database.close()


def test_every_run_from_a_pipe_begins_afresh(tmp_path: Path) -> None:
    run(tmp_path, "chat", said="/person\n")
    again = run(tmp_path, "chat", said="The portal is down\nskip\nskip\nyes\n")
    assert again.returncode == 0
    database = Database(f"sqlite:///{tmp_path}/var/chat.db")
    with database.transaction() as session:
        assert not session.scalars(select(Ticket)).all()
    database.close()


def test_broken_bytes_empty_lines_and_a_last_line_without_its_end(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "bot", "chat"],
        cwd=tmp_path,
        env=environment(tmp_path),
        input=b"\xff\xfe\x00\n\n\r\n/help",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert "I can read words only" in process.stdout.decode()
    assert "Type your question" in process.stdout.decode()


def test_a_terminal_without_utf8_gets_a_sentence_with_the_mend_and_plain_letters(tmp_path: Path) -> None:
    settings = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii:strict", "LC_ALL": "C"}
    done = run(tmp_path, "chat", said="recover my username\ndana@example.org\n", settings=settings)
    assert done.returncode == 0
    assert "LC_ALL=C.UTF-8" in done.stderr
    assert done.stdout.isascii()
    assert "####" in done.stdout


def test_a_terminal_that_is_set_to_spanish_is_spoken_to_in_spanish(tmp_path: Path) -> None:
    said = "/start\nrecuperar mi usuario\ndana@example.org\n"
    done = run(tmp_path, "chat", said=said, settings={"LC_ALL": "es_MX.UTF-8"})
    assert "Hola, soy el bot de soporte de CERS" in done.stdout
    assert "¿Cuál es el correo electrónico de su cuenta?" in done.stdout


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({"LANG": "es_MX.UTF-8"}, "es"),
        ({"LANG": "es_MX.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "es", "LANG": "en_US"}, "es"),
        ({}, ""),
    ],
)
def test_the_language_of_a_terminal_is_the_one_that_it_is_set_to(environment: dict[str, str], code: str) -> None:
    assert language_of_terminal(environment) == code


def test_the_example_accounts_are_made_once(tmp_path: Path) -> None:
    for _ in range(2):
        assert run(tmp_path, "chat").returncode == 0
    shown = run(tmp_path, "accounts", "show", "danalee1", settings={"CERSBOT_DATABASE_URL": "sqlite:///var/chat.db"})
    assert "dana@example.org" in shown.stdout, shown.stderr


class AtATerminal:
    """A person at a real terminal."""

    def __init__(self, folder: Path) -> None:
        self._own, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot", "chat"],
            cwd=folder,
            env=environment(folder, TERM="dumb", COLUMNS="100"),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        os.set_blocking(self._own, False)
        self.screen = ""

    def types(self, line: str) -> None:
        """Type a line and press Enter."""
        os.write(self._own, f"{line}\n".encode())

    def presses(self, key: bytes) -> None:
        """Press a key."""
        os.write(self._own, key)

    def sees(self, pattern: str, seconds: float = 30) -> re.Match[str]:
        """Wait until the pattern stands on what came since the last one; return the match."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self.screen += os.read(self._own, 65536).decode(errors="replace").replace("\r", "")
            except (BlockingIOError, OSError):
                time.sleep(0.05)
            if found := re.search(pattern, self.screen):
                self.screen = self.screen[found.end() :]
                return found
        raise AssertionError(f"{pattern!r} did not appear in:\n{self.screen}")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[AtATerminal]:
    person = AtATerminal(tmp_path)
    yield person
    person.process.kill()
    person.process.wait()


def test_at_a_terminal_the_link_in_the_letter_works(terminal: AtATerminal) -> None:
    terminal.sees(r"(?s)I am the CERS support bot.*dana@example\.org.*\n> $")
    terminal.types("resend my activation email")
    terminal.sees(r"What is your username")
    terminal.types("omarwash")
    terminal.sees(r"\[3\] Mail me a code instead")
    terminal.types("3")
    code = terminal.sees(r"│ (\d{8})\n")[1]
    terminal.types(code)
    link = terminal.sees(r"│ (http://127\.0\.0\.1:\d+/activate/\S+)")[1]
    with urllib.request.urlopen(link, timeout=10) as page:
        assert "omarwash" in page.read().decode()
    with urllib.request.urlopen(urllib.request.Request(link, data=b""), timeout=10) as page:
        assert page.status == 200
    terminal.sees(r"Letter to omar@example\.org")
    terminal.presses(b"\x04")
    terminal.sees("Goodbye")
    assert terminal.process.wait(10) == 0


def test_at_a_terminal_the_conversation_goes_on_after_a_kill(tmp_path: Path, terminal: AtATerminal) -> None:
    terminal.sees(r"\n> $")
    terminal.types("/person")
    terminal.sees("What happened")
    terminal.process.send_signal(signal.SIGKILL)
    terminal.process.wait()
    again = AtATerminal(tmp_path)
    again.sees("We go on where we were")
    again.sees(r"(?s)What happened.*\n> $")
    again.types("The portal is down.")
    again.sees(r"(?s)What have you tried.*\n> $")
    again.presses(b"\x04")
    again.sees("Goodbye")
    assert again.process.wait(10) == 0
