"""The README tells the truth: every command and setting of the code stands in it, and what it names is there."""

import importlib
import re
from pathlib import Path

import click
import pytest

from bot.__main__ import COMMANDS
from core.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def commands() -> set[str]:
    """Return every command that a person can type."""
    found = set()
    for name in COMMANDS:
        command = getattr(importlib.import_module(f"bot.commands.{name}"), name)
        subcommands = command.commands if isinstance(command, click.Group) else {}
        found |= {f"cersbot {name} {each}" for each in subcommands} or {f"cersbot {name}"}
    return found


def test_every_command_stands_in_the_readme_and_no_other() -> None:
    assert set(re.findall(r"^\| `(cersbot [a-z -]+)`", README, re.MULTILINE)) == commands()


def test_every_setting_stands_in_the_readme_with_its_default_and_no_other() -> None:
    told = dict(re.findall(r"^\| `(CERSBOT_[A-Z_]+)` \| (.+?) \|", README, re.MULTILINE))
    assert set(told) == {f"CERSBOT_{name.upper()}" for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        if field.default:
            assert told[f"CERSBOT_{name.upper()}"] == f"`{field.default}`"


@pytest.mark.parametrize("target", re.findall(r"(?:`|^    )make ([a-z]+)\b", README, re.MULTILINE))
def test_every_make_target_is_there(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_every_folder_and_file_of_the_map_is_there() -> None:
    section = README.partition("## The map")[2].partition("## ")[0]
    folder = ""
    for indent, name in re.findall(r"^    ( *)([\w/.]+)\s", section, re.MULTILINE):
        if name.endswith("/") and not indent:
            folder = name
        if name.endswith(("/", ".py")):
            assert (ROOT / (folder if indent else "") / name).exists(), name


def test_the_flow_in_the_readme_is_the_flow_in_the_code() -> None:
    shown = README.partition("```python\n")[2].partition("```")[0]
    assert shown in (ROOT / "bot/flows/recover_username.py").read_text()


def test_every_test_of_the_powershell_lines_names_files_that_are_there() -> None:
    assert (ROOT / "bootstrap.py").exists()
    assert "bootstrap.py test" in README
