"""Every language has to have what the program says and hears; a text that an editor removed is named at the start."""

import shutil
from pathlib import Path

import pytest

import knowledge
from bot.flows import all_flows
from knowledge.library import KnowledgeError, Library
from knowledge.needed import Needed

SERVICE = {"service_sender": "cers-support@example.org", "service_url": "http://127.0.0.1:8000"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the shipped knowledge."""
    own = Path(knowledge.__file__).parent
    copy = tmp_path / "knowledge"
    shutil.copytree(own, copy, ignore=shutil.ignore_patterns("*.py", "*.json", "*.md", "__pycache__", "schemas"))
    return copy


def test_the_file_tells_what_the_shipped_wording_has() -> None:
    assert Needed.by_program() == Needed.of(Library.load(service=SERVICE).language("en"))


def test_every_flow_has_its_wording() -> None:
    assert set(all_flows()) == set(Library.load(service=SERVICE).language("en").flows)


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        ("phrases.yaml", "\nlost:", "\nlost_again_and_again:", "`lost` is missing, which the bot says"),
        ("phrases.yaml", "Cancelled: {title}", "Cancelled: {name}", "`cancelled` uses {name}, which it is not given"),
        ("words.yaml", "\nback:", "\nbackwards:", "`back` is missing, which the bot hears"),
        ("flows/person.yaml", "  tried:", "  tired:", "`ask tried` is missing, which the bot says"),
    ],
)
def test_what_is_missing_is_named_at_the_start(folder: Path, file: str, before: str, after: str, said: str) -> None:
    path = folder / "en" / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(KnowledgeError, match=f"en/{file}") as refused:
        Library.load(folder, service=SERVICE, needed=Needed.by_program())
    assert said in str(refused.value)
