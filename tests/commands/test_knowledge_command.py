"""`cersbot knowledge` as an editor types it."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import knowledge as package
from bot.commands.knowledge import knowledge
from core import conversations
from core.conversations import Line
from core.database import Database
from tests.commands.process import run
from tests.knowledge.shelf import Shelf
from tests.knowledge.test_editing import teach

SHIPPED = Path(package.__file__).parent
NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)


@dataclass
class Editor:
    """Somebody with a knowledge folder of their own, and the database of the bot."""

    shelf: Shelf
    database: Database

    def types(self, *words: str, then: str = "") -> Result:
        """Run the command with these words."""
        settings = {"CERSBOT_KNOWLEDGE": str(self.shelf.folder), "CERSBOT_MAIL_FROM": "bot@example.org"}
        return CliRunner(env=settings).invoke(knowledge, words, obj=lambda: self, input=then)

    def heard(self, text: str, meaning: str, *, author: str = "person", language: str = "en") -> None:
        """Put a line into the transcript of a chat in this language."""
        with self.database.transaction() as session:
            held = conversations.hold_all(session, "test", {language: language}, NOW)[language]
            conversations.save_all(session, [(held, [Line(author, text, meaning)])], NOW)


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Editor]:
    monkeypatch.chdir(tmp_path)
    shelf = Shelf(tmp_path / "knowledge")
    for folder in ("en/flows", "en/letters"):
        shutil.copytree(SHIPPED / folder, shelf.folder / folder, dirs_exist_ok=True)
    for file in ("sources.yaml", "en/desk.yaml", "en/pages.yaml", "en/phrases.yaml", "en/words.yaml"):
        shutil.copy(SHIPPED / file, shelf.folder / file)
    facts = (SHIPPED / "facts.yaml").read_text(encoding="utf-8")
    shelf.write("facts.yaml", f'{facts}wait_minutes:\n  value: 20\n  source: ["004"]\n'.encode())
    teach(shelf)
    database = Database(f"sqlite:///{tmp_path}/commands.db")
    database.migrate()
    yield Editor(shelf, database)
    database.close()


def test_a_check_says_what_is_well_and_keeps_it_for_the_next(editor: Editor) -> None:
    first = editor.types("check")
    assert (first.exit_code, "en: 7 entries, 80 phrasings, 2 examples, no problems" in first.output) == (0, True)
    assert "since the last check" not in first.output
    assert "since the last check, no phrasing was edited" in editor.types("check").output
    assert len(list(Path("var/knowledge").iterdir())) == 1


def test_checks_of_two_folders_are_not_compared(editor: Editor, tmp_path: Path) -> None:
    editor.types("check")
    other = Shelf(tmp_path / "other")
    teach(other)
    assert "since the last check" not in editor.types("check", str(other.folder)).output


def test_a_broken_folder_ends_with_status_2_and_every_problem_on_standard_error(editor: Editor) -> None:
    editor.shelf.write("en/words.yaml", "no: nope\n")
    result = editor.types("check")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("en/words.yaml:1:5: `no` must be a list;")


def test_a_check_shows_every_remark_when_asked(editor: Editor) -> None:
    teach(editor.shelf, {f"e{number}": (f"say number {number}",) for number in range(20)})
    assert "more like this; --all shows them" in editor.types("check").output
    assert "--all shows them" not in editor.types("check", "--all").output


def test_a_text_can_be_tried(editor: Editor) -> None:
    result = editor.types("try", "wheer is my umbrella")
    assert result.exit_code == 0
    assert result.output.startswith("read as: where is my umbrella\nrepaired: wheer -> where\nwould ")
    assert "umbrella: please tell me where is my umbrella" in result.output


def test_gaps_are_what_people_asked_in_vain_and_nothing_else(editor: Editor) -> None:
    for text in ("the elevator stopped between floors", "elevator stopped, floors dark"):
        editor.heard(text, "unknown")
    editor.heard("left my scarf behind", "choose umbrella parking")
    editor.heard("where is the umbrella", "entry umbrella")
    editor.heard("elevator, said the bot", "unknown", author="bot")
    editor.heard("platos del día", "unknown", language="es")
    result = editor.types("gaps")
    assert result.exit_code == 0
    assert "1. asked 2 times: “the elevator stopped between floors”, “elevator stopped, floors dark”" in result.output
    assert "2. asked once: “left my scarf behind”" in result.output
    for other in ("said the bot", "where is the umbrella", "platos"):
        assert other not in result.output


def test_no_gaps_is_said_in_a_sentence(editor: Editor) -> None:
    assert editor.types("gaps").output == "Nothing was asked in vain.\n"


def test_gaps_of_a_database_without_tables_say_what_to_run(editor: Editor, tmp_path: Path) -> None:
    editor.database = Database(f"sqlite:///{tmp_path}/empty.db")
    result = editor.types("gaps")
    assert (result.exit_code, "run `cersbot migrate` first" in result.stderr) == (1, True)


def test_each_line_is_matched(editor: Editor) -> None:
    result = editor.types("match", "--jsonl", then='"where is my umbrella"\n"zzz"\n')
    first, second = map(json.loads, result.output.splitlines())
    assert first["entries"][0][0] == "umbrella"
    assert second["decision"] == "unknown"


@pytest.mark.parametrize(
    ("words", "then", "status", "complaint"),
    [
        (("match", "--jsonl", "--nope"), "", 2, "No such option"),
        (("match",), '"x"\n', 2, "Missing option '--jsonl'"),
        (("match", "--jsonl"), "no json\n", 1, "line 1 is not JSON"),
        (("check", "--nope"), "", 2, "No such option"),
        (("check", "no_such_folder"), "", 2, "does not exist"),
        (("try",), "", 2, "Missing argument"),
        (("gaps", "--most", "0"), "", 2, "not in the range"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    editor: Editor, words: tuple[str, ...], then: str, status: int, complaint: str
) -> None:
    result = editor.types(*words, then=then)
    assert (result.exit_code, result.stdout) == (status, "")
    assert complaint in result.stderr
    assert "Traceback" not in result.stderr


def test_the_schemas_of_this_package_are_current(editor: Editor) -> None:
    assert editor.types("schemas").output == "The schemas are current.\n"


def test_the_shipped_knowledge_has_no_problems(tmp_path: Path) -> None:
    result: subprocess.CompletedProcess[str] = run(tmp_path, "knowledge", "check")
    assert (result.returncode, result.stderr) == (0, "")
    assert "no problems" in result.stdout
