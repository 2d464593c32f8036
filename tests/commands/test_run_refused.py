"""What `cersbot run` does not start with: each ends with one line that names it, and a right value."""

import shutil
import socket
from pathlib import Path

import pytest

from tests.commands.process import ROOT, called, run
from tests.ports import free_port


@pytest.mark.parametrize(
    ("variable", "value", "right"),
    [
        ("CERSBOT_PORT", "eighty", "8000"),
        ("CERSBOT_PUBLIC_URL", "bot.example.org", "https://bot.example.org"),
        ("CERSBOT_DATABASE_URL", "mysql://root@db/x", "sqlite:///"),
        ("CERSBOT_TELEGRAM_TOKEN", "secret-but-wrong", "123456789:AAE"),
        ("CERSBOT_SMTP_URL", "http://mail.example.org", "smtp://"),
        ("CERSBOT_SECRET_KEY", "short", "32"),
        ("CERSBOT_KNOWLEDGE", "nowhere", "knowledge"),
    ],
)
def test_a_wrong_setting_ends_with_one_line_that_names_it_and_a_right_value(
    tmp_path: Path, variable: str, value: str, right: str
) -> None:
    done = called(tmp_path, "run", settings={variable: value})
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(variable)
    assert right in done.stderr
    assert "secret-but-wrong" not in done.stderr


def test_a_wrong_setting_ends_a_process_with_one_line(tmp_path: Path) -> None:
    done = run(tmp_path, "run", settings={"CERSBOT_PORT": "eighty"})
    assert (done.returncode, done.stderr.startswith("CERSBOT_PORT"), len(done.stderr.splitlines())) == (2, True, 1)


def test_a_public_service_without_a_mail_server_does_not_start(tmp_path: Path) -> None:
    done = called(tmp_path, "run", settings={"CERSBOT_PUBLIC_URL": "https://bot.example.org"})
    assert (done.returncode, done.stderr.startswith("CERSBOT_SMTP_URL")) == (2, True)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = run(tmp_path, "run", settings={"CERSBOT_PORT": port})
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert f"CERSBOT_PORT={port}" in done.stderr


def test_a_telegram_that_does_not_answer_is_named_without_the_token(tmp_path: Path) -> None:
    settings = {
        "CERSBOT_PORT": str(free_port()),
        "CERSBOT_TELEGRAM_TOKEN": "7:hidden-token",
        "CERSBOT_TELEGRAM_BASE_URL": f"http://127.0.0.1:{free_port()}/bot",
    }
    done = run(tmp_path, "run", settings=settings)
    assert done.returncode == 2
    assert "CERSBOT_TELEGRAM_BASE_URL" in done.stderr
    assert "hidden-token" not in done.stderr


@pytest.mark.parametrize("command", ["run", "chat"])
def test_broken_knowledge_ends_with_file_line_column_and_the_mend(tmp_path: Path, command: str) -> None:
    folder = tmp_path / "knowledge"
    shutil.copytree(ROOT / "knowledge", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", "*.md"))
    broken = folder / "en" / "faq" / "help.yaml"
    lines = broken.read_text().splitlines()
    place = next(number for number, line in enumerate(lines, 1) if line.startswith("  answer:"))
    lines[place - 1] = "  anwser: |"
    broken.write_text("\n".join(lines))
    done = run(tmp_path, command, settings={"CERSBOT_KNOWLEDGE": str(folder), "CERSBOT_PORT": str(free_port())})
    assert done.returncode == 2
    assert f"en/faq/help.yaml:{place}:3" in done.stderr
    assert "answer" in done.stderr
