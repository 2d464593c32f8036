"""A third language takes a new folder of the knowledge, and nothing else: shown with a small one, in Esperanto."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

import knowledge
import tests.world
from core import rules
from knowledge.library import Library
from knowledge.needed import Needed
from tests.matching import installed
from tests.world import ADDRESS, SENDER, Characters, Chat, Press, World, converse

FAQ = """
- id: forgot_password
  question: Mi forgesis mian pasvorton. Kiel mi ricevas novan?
  also: [mi perdis la pasvorton, mia pasvorto ne funkcias, nova pasvorto, mi ne memoras mian pasvorton]
  answer: Vi povas fari novan pasvorton per ligilo, kiun ni sendos al vi.
  offer: [reset_password]
  source: [service]
  reviewed: 2026-11-21
- id: find_my_regulator
  question: Kiu estas mia loka regulisto?
  also: [kiu estas mia oficejo, kie mi trovas la oficejon de mia distrikto, kiu kontrolas mian butikon]
  answer: "La listo estas en {regulator_directory_url}"
  offer: [find_my_regulator]
  source: [service]
  reviewed: 2026-11-21
"""
WORDS = {
    "back": ["reen"],
    "cancel": ["nuligi"],
    "yes": ["jes"],
    "no": ["ne"],
    "person": ["homo"],
    "send": ["jes"],
    "county": ["distrikto"],
}
PIECE = re.compile(r"\{\w+\}|https?://\S+|\*\*|[A-Za-z]+|[^A-Za-z]")


def other(text: str) -> str:
    """Return a text of words that no language has, its names in braces and its addresses as they are."""
    return "".join(piece if not piece.isalpha() else f"{piece[::-1].lower()}oj" for piece in PIECE.findall(text))


def in_other_words(tree: object, key: str = "") -> object:
    """Return wording of the same shape in other words; what starts an action has to differ from all else."""
    if isinstance(tree, dict):
        return {name: in_other_words(value, str(name)) for name, value in tree.items()}
    if isinstance(tree, list):
        return [in_other_words(each, key) for each in tree]
    return other(str(tree))


@pytest.fixture
def third(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Library:
    """Make the bot speak a third language as well, by a folder beside the others."""
    folder = tmp_path_factory.mktemp("three") / "knowledge"
    own = Path(knowledge.__file__).parent
    shutil.copytree(own, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", "*.md", "schemas"))
    new = folder / "eo"
    for kind in ("flows", "letters"):
        (new / kind).mkdir(parents=True)
        for path in (folder / "en" / kind).iterdir():
            write(new / kind / path.name, in_other_words(yaml.safe_load(path.read_text())))
    for name in ("phrases", "pages", "desk"):
        write(new / f"{name}.yaml", in_other_words(yaml.safe_load((folder / "en" / f"{name}.yaml").read_text())))
    english_words = yaml.safe_load((folder / "en" / "words.yaml").read_text())
    write(new / "words.yaml", {word: WORDS.get(word, [f"{word.replace('_', '')}oj"]) for word in english_words})
    (new / "faq").mkdir()
    (new / "faq" / "some.yaml").write_text(FAQ)
    facts = {"service_sender": SENDER, "service_url": ADDRESS}
    library = Library.load(
        folder, service=facts, enforced=rules.ENFORCED, needed=Needed.by_program(), fitting=installed()
    )
    monkeypatch.setattr(tests.world, "_library", [library])
    return library


def write(path: Path, tree: object) -> None:
    """Write a knowledge file."""
    path.write_text(yaml.safe_dump(tree, allow_unicode=True, default_style='"', sort_keys=False))


async def test_a_new_folder_makes_the_bot_speak_another_language(third: Library, world: World) -> None:
    said = third.language("eo")
    title = said.flow("reset_password").title
    await converse(
        Chat(world),
        [
            ("I forgot my password", "You can set a new password"),
            ("mi forgesis mian pasvorton", ("Vi povas fari novan pasvorton", f"[{title}]")),
            (Press(title), said.flow("reset_password").ask("identifier_again").partition("?")[0]),
            ("dana@example.org", "<characters>"),
            ("olvide mi contraseña", "contraseña nueva"),
            ("mi ne memoras mian pasvorton", "Vi povas fari"),
            (Characters(), ("d****@example.org", "60")),
            ("kiu estas mia oficejo en Oxnard", "Oxnard Fire Department"),
        ],
    )
    assert (
        world.letterbox.mails[-1]["Subject"]
        == said.letter("password_reset", first_name="", username="", link="", asked_on="").subject
    )


async def test_its_dates_are_written_as_it_writes_them(third: Library, world: World) -> None:
    await converse(
        Chat(world),
        [
            ("homo", third.language("eo").flow("person").ask("happened_again").partition("*")[0]),
            ("mi perdis la pasvorton kaj nenio venas", ""),
            ("skipoj", ""),
            ("skipoj", ""),
            ("jes", ("**1001**", "embro 2026")),
        ],
    )
