"""The language of a chat may change in the middle of anything, because answers are kept as values and option ids."""

import shutil
from pathlib import Path

import pytest
import yaml

import knowledge
import tests.world
from core import rules
from knowledge.library import Library
from tests.matching import installed
from tests.world import ADDRESS, SENDER, Characters, Chat, Press, World, converse


@pytest.fixture
def two_languages(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the bot speak a language more: the first one with marks in some places."""
    folder = tmp_path_factory.mktemp("two") / "knowledge"
    own = Path(knowledge.__file__).parent
    shutil.copytree(own, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", "*.md", "schemas"))
    shutil.copytree(folder / "en", folder / "xx")
    marked = {"language_name: English": "language_name: Marked", "option_cancel: Cancel": "option_cancel: Xancel"}
    for name, texts in {
        "phrases.yaml": marked,
        "flows/recover_username.yaml": {"What is the e-mail address of your account?": "Xhat address?"},
        "flows/person.yaml": {"send: Send it": "send: Xend it"},
    }.items():
        path = folder / "xx" / name
        text = path.read_text()
        for english, other in texts.items():
            assert english in text
            text = text.replace(english, other)
        path.write_text(text)
    for path in (folder / "xx" / "faq").iterdir():  # two phrasings of each entry are soon fitted
        entries = yaml.safe_load(path.read_text())
        path.write_text(yaml.safe_dump([each | {"also": each["also"][:2]} for each in entries]))
    facts = {"service_sender": SENDER, "service_url": ADDRESS}
    library = Library.load(folder, service=facts, enforced=rules.ENFORCED, fitting=installed())
    monkeypatch.setattr(tests.world, "_library", [library])


@pytest.mark.usefixtures("two_languages")
async def test_the_language_changes_in_the_middle_of_an_action(world: World) -> None:
    chat = Chat(world)
    await converse(
        chat,
        [
            ("recover my username", "What is the e-mail address of your account?"),
            ("/language", ("Which language", "[English]", "[Marked]")),
            (Press("Marked"), ("Marked", "Xhat address?", "[Xancel]")),
            ("dana@example.org", ("<characters>", "[Xancel]")),
            (Characters(), "is on its way"),
        ],
    )


@pytest.mark.usefixtures("two_languages")
async def test_a_summary_that_was_asked_in_one_language_is_answered_in_the_other(world: World) -> None:
    chat = Chat(world)
    await converse(
        chat,
        [
            ("/person", "What happened?"),
            ("The portal is down", "tried"),
            ("skip", "telephone"),
            ("skip", "[Send it]"),
            ("/language", "Which language"),
            (Press("Marked"), ("The portal is down", "[Xend it]")),
            (Press("Xend it"), "**1001**"),
        ],
    )
