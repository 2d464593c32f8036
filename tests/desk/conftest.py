"""What tests of the help desk share: an office, two members of staff, a person, pages, a group, a small knowledge."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import knowledge
from bot.desk.help_desk import HelpDesk
from core.staff import Member
from knowledge.library import Library
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.staff_room import GroupOfStaff
from tests.desk.visitors import Visitor, give_password
from tests.knowledge.test_editing import TAUGHT, WAYS
from tests.telegram_server import TelegramServer
from tests.world import ADDRESS, SENDER, World


@pytest.fixture
def office(world: World) -> Office:
    """Return a help desk."""
    return Office(world)


@pytest.fixture
def ana(office: Office) -> Member:
    """Return somebody of staff."""
    return office.hire("Ana", telegram_id=501)


@pytest.fixture
def ben(office: Office) -> Member:
    """Return a colleague."""
    return office.hire("Ben", telegram_id=502)


@pytest.fixture
def person(world: World) -> Person:
    """Return somebody in a chat."""
    return Person(world)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of knowledge with three entries, which is fitted in a second, and all wording."""
    shipped, made = Path(knowledge.__file__).parent, tmp_path / "knowledge"
    for path in shipped.rglob("*.yaml"):
        if path.parent.name not in {"faq", "reactions"} and path.name != "examples.yaml":
            (made / path.relative_to(shipped)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, made / path.relative_to(shipped))
    (made / "en/faq").mkdir()
    (made / "en/reactions").mkdir()
    for entry, sayings in TAUGHT.items():
        first, *also = (json.dumps(way.format(saying)) for saying in sayings for way in WAYS)
        text = f"- id: {entry}\n  question: {first}\n  also:\n" + "".join(f"    - {each}\n" for each in also)
        kind = "reactions" if entry == "unknown" else "faq"
        text += '  answer: Ask at the counter.\n  source: ["003"]\n  reviewed: 2026-11-02\n'
        (made / f"en/{kind}/{entry}.yaml").write_text(f"# About the {entry}.\n{text}")
    (made / "en/examples.yaml").write_text("- text: soup at noon\n  entry: canteen\n")
    return made


@pytest.fixture
def counter(office: Office, folder: Path) -> Office:
    """Return the office, its desk with the knowledge of that folder."""
    loaded = Library.load(folder, service={"service_sender": SENDER, "service_url": ADDRESS})
    office.desk = HelpDesk(office.database, office.world.keys, lambda: loaded, office.world.clock)
    return office


@pytest.fixture
def at_desk(office: Office, ana: Member) -> Visitor:
    """Return Ana, signed in at the pages."""
    give_password(office, ana)
    visitor = Visitor(office)
    visitor.signs_in("Ana")
    return visitor


@pytest.fixture
def ben_at_desk(office: Office, ben: Member) -> Visitor:
    """Return Ben, signed in elsewhere."""
    give_password(office, ben)
    visitor = Visitor(office, network="198.51.100.9")
    visitor.signs_in("Ben")
    return visitor


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    """Yield a Telegram on which nothing slows the bot down."""
    async with TelegramServer(quiet=0.05) as made:
        yield made


@pytest.fixture
async def group(office: Office, server: TelegramServer) -> GroupOfStaff:
    """Return the staff's group."""
    return GroupOfStaff(office, server)


@pytest.fixture
async def number(group: GroupOfStaff, person: Person) -> int:
    """Return the number of a ticket of the person, of which the group has been told."""
    made = await ask_for_person(person)
    await group.hears()
    return made
