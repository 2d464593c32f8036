"""Proposed edits: lines put in and nothing else touched, tried before they are shown, and applied by git and patch."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from knowledge.editing.proposing import (
    NotProposed,
    Proposal,
    Written,
    as_yaml,
    entry_added,
    new_id,
    phrasing_added,
    with_phrasing,
)
from knowledge.editing.proving import proof
from tests.knowledge.shelf import TODAY, Shelf
from tests.knowledge.test_editing import teach
from tests.world import library

ODD = """\
# Kept by hand: the order matters to nobody.
- id: first          # the one of the counter
  question: Where is the counter?
  also:
    - where do I
      find it
    # said on the phone
    - "counter: where?"   # in quotes

  # what follows is checked every year
  answer: Downstairs.
  source: ["003"]
  reviewed: 2026-11-21
- id: second
  question: When is it open?
  also: [opening hours,
    when open]
  answer: |
    In the morning.
  source: ["003"]
  reviewed: 2026-11-21
- {id: third, question: Who is there, also: [who], answer: We are., source: ["003"], reviewed: 2026-11-21}
"""
SAID = [
    "plain words",
    "is it: open?",
    "#1 question",
    "yes",
    "2026-11-21",
    '"quoted" words',
    "it's",
    "- dash",
    "a, b [c]",
]
UMBRELLA = Written(
    "lost_umbrella",
    "Where is my umbrella?",
    ("umbrella gone: help",),
    "Ask at the counter.\n\n- Say when {you} were here.",
    ("003",),
    TODAY,
)


def applied(folder: Path, diff: str, *command: str) -> str:
    """Apply an edit above the knowledge folder, as an editor does; return what the file is then."""
    (folder / "edit.diff").write_bytes(diff.encode())
    subprocess.run([*command, "edit.diff"], cwd=folder, check=True, capture_output=True)
    return (folder / "knowledge" / diff.partition("+++ b/knowledge/")[2].partition("\n")[0]).read_bytes().decode()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "knowledge")


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("entry", ["first", "second", "third"])
def test_a_phrasing_is_put_in_as_one_line_and_nothing_else_is_touched(entry: str, said: str) -> None:
    after = with_phrasing(ODD, entry, said)
    expected = yaml.safe_load(ODD)
    next(each for each in expected if each["id"] == entry)["also"].append(said)
    assert yaml.safe_load(after) == expected
    if entry == "first":
        added = [line for line in after.splitlines() if line not in ODD.splitlines()]
        assert added == [f"    - {as_yaml(said)}"]
        assert [line for line in after.splitlines() if line not in added] == ODD.splitlines()
    assert all(comment in after for comment in ("# said on the phone", "# in quotes", "# what follows", "# the one"))


def test_a_file_without_a_last_line_end_or_with_those_of_windows_stays_so() -> None:
    bare = "- id: last\n  answer: Yes.\n  also:\n    - one"
    assert with_phrasing(bare, "last", "two") == f"{bare}\n    - two"
    windows = "- id: last\r\n  also:\r\n    - one\r\n  answer: Yes.\r\n"
    assert with_phrasing(windows, "last", "two") == windows.replace("one\r\n", "one\r\n    - two\r\n")


@pytest.mark.parametrize("command", [("git", "apply"), ("patch", "-p1", "-i")])
@pytest.mark.parametrize("kind", ["phrasing", "entry", "no last line end"])
def test_an_edit_is_applied_by_git_and_by_patch(shelf: Shelf, command: tuple[str, ...], kind: str) -> None:
    if kind == "no last line end":
        text = (shelf.folder / "en/faq/recovery.yaml").read_text().rstrip("\n")
        shelf.write("en/faq/recovery.yaml", text.encode())
    loaded = shelf.load()
    proposal = (
        phrasing_added(loaded, "en", "forgot_username", "what do they call me: again?")
        if kind == "phrasing"
        else entry_added(loaded, "en", UMBRELLA)
    )
    assert applied(shelf.folder.parent, proposal.diff(), *command) == proposal.after
    assert shelf.problems() == []
    assert dict(shelf.load().language("en").entries) == dict(proposal.language.entries)


def test_a_new_entry_is_written_as_an_editor_writes_it(shelf: Shelf) -> None:
    proposal = entry_added(shelf.load(), "en", UMBRELLA)
    entry = proposal.language.entries["lost_umbrella"]
    assert entry.phrasings == ("Where is my umbrella?", "umbrella gone: help")
    assert entry.answer == UMBRELLA.answer
    assert proposal.after.startswith(proposal.before)
    assert 'umbrella gone: help"\n  answer: |-\n    Ask at the counter.' in proposal.after
    assert entry.reviewed == TODAY


def test_every_file_of_the_shipped_knowledge_takes_a_phrasing() -> None:
    for entry in ("forgot_username", "greeting", "unknown", "emergency"):
        proposal = phrasing_added(library(), "en", entry, "xyzzy and plugh, nine of them")
        changed = [line for line in proposal.diff().splitlines()[2:] if line[:1] in "+-"]
        assert changed == ["+    - xyzzy and plugh, nine of them"]


def said_of(attempt: Callable[[], Proposal]) -> str:
    """Return why something is not proposed."""
    with pytest.raises(NotProposed) as refused:
        attempt()
    return str(refused.value)


def test_what_the_check_would_refuse_is_not_proposed(shelf: Shelf) -> None:
    loaded = shelf.load()

    def phrasing(entry: str, said: str) -> str:
        return said_of(lambda: phrasing_added(loaded, "en", entry, said))

    def entry(changed: Written) -> str:
        return said_of(lambda: entry_added(loaded, "en", changed))

    assert "`forgot_username` has this phrasing already" in phrasing("forgot_username", "Lost my user ID!")
    assert "there is no entry `gone` any more" in phrasing("gone", "hello there")
    assert "`mail_missing` has this phrasing already" in phrasing("forgot_username", "No mail?")
    assert "one of the examples" in phrasing("forgot_username", "Whats my user name?")
    assert "there is an entry `thanks` already" in entry(replace(UMBRELLA, id="thanks"))
    assert "HTML" in entry(replace(UMBRELLA, answer="Press <b>here</b>."))
    assert "901 characters" in entry(replace(UMBRELLA, answer="x" * 901))
    assert "is no source" in entry(replace(UMBRELLA, source=("999",)))
    assert "`mail_missing` has this phrasing already" in entry(replace(UMBRELLA, question="No mail?"))
    assert shelf.problems() == []


def test_the_files_themselves_are_never_touched(shelf: Shelf) -> None:
    before = {path: path.read_bytes() for path in shelf.folder.rglob("*.yaml")}
    loaded = shelf.load()
    phrasing_added(loaded, "en", "forgot_username", "what do they call me")
    entry_added(loaded, "en", UMBRELLA)
    said_of(lambda: phrasing_added(loaded, "en", "forgot_username", "No mail?"))
    assert {path: path.read_bytes() for path in shelf.folder.rglob("*.yaml")} == before


def test_a_new_id_is_made_of_the_question_and_new(shelf: Shelf) -> None:
    language = shelf.load().language("en")
    assert new_id(language, "Where is my umbrella, please?") == "where_is_my_umbrella_please"
    assert new_id(language, "Mail missing!") == "mail_missing_2"
    assert new_id(language, "???") == "question"
    assert new_id(language, "¿Dónde?") != ""


def test_a_proof_compares_what_was_measured_before_and_with_the_edit(shelf: Shelf) -> None:
    teach(shelf)
    shelf.write("en/examples.yaml", "- text: soup at lunch\n  entry: canteen\n- text: car parking\n  entry: parking\n")
    loaded = shelf.load()
    said = "which dishes are served today"
    found = proof(loaded.language("en"), phrasing_added(loaded, "en", "canteen", said), said)
    assert found.now.decision != "answer"
    assert (found.then.decision, found.then.first) == ("answer", "canteen")
    (_, before, after), (_, examples, _) = found.scores
    assert (after.questions, examples.questions) == (before.questions + 1, 2)


def test_a_language_with_few_phrasings_is_not_measured(shelf: Shelf) -> None:
    loaded = shelf.load()
    proposal = phrasing_added(loaded, "en", "forgot_username", "what do they call me")
    assert proof(loaded.language("en"), proposal, "what do they call me").scores == ()
