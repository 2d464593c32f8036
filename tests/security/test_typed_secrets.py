"""S2, measured: of the secrets that people type hardly one is kept, and hardly an ordinary message is taken for one."""

import time
from pathlib import Path

import pytest
import yaml

import knowledge
from bot.dialogue.messages import Incoming
from bot.dialogue.redaction import heard
from core.rules import MESSAGE_CHARACTERS
from tests.desk.office import Office, ask_for_person
from tests.security.figures import Measured
from tests.stored import stored
from tests.world import Chat, World, library

HERE = Path(__file__).parent
ENGLISH = Path(knowledge.__file__).parent / "en"
OPEN, CLOSE = "«»"


def lines(name: str) -> list[str]:
    """Return the messages of a file."""
    told = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line for line in told if line and not line.startswith("#")]


def secrets(line: str) -> list[str]:
    """Return the words of a line that must not be kept."""
    return [word for part in line.split(OPEN)[1:] for word in part.partition(CLOSE)[0].split()]


def plain(line: str) -> str:
    """Return the line as it was typed."""
    return line.replace(OPEN, "").replace(CLOSE, "")


def clean(text: str) -> str:
    """Return what would be written of a message."""
    return heard(text, library().language("en").words["innocent"]).clean


def is_caught(line: str) -> bool:
    """Return whether nothing is left of the secrets of a line; small words of a phrase may be."""
    typed = secrets(line)
    kept = clean(plain(line))
    return not any(word in kept for word in typed if len(word) > 2 or len(typed) == 1 or word.isdigit())


def ordinary() -> list[str]:
    """Return a thousand ordinary messages: tricky ones, held-out questions, and phrasings of the entries."""
    asked = [each["text"] for each in yaml.safe_load((ENGLISH / "examples.yaml").read_text(encoding="utf-8"))]
    phrasings = [
        text
        for file in sorted((ENGLISH / "faq").glob("*.yaml"))
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))
        for text in entry.get("also", [])
    ]
    found = [*lines("ordinary_messages.txt"), *asked]
    left = 1000 - len(found)
    return [*found, *phrasings[:: len(phrasings) // left][:left]]


def test_s2_of_three_hundred_typed_secrets_hardly_one_is_kept(measured: Measured) -> None:
    typed = lines("secrets_typed.txt")
    assert len(typed) >= 300
    assert all(secrets(line) for line in typed)
    missed = [line for line in typed if not is_caught(line)]
    held_out = typed[2::3]
    missed_held_out = [line for line in held_out if line in missed]
    measured(
        "secrets typed into chats",
        f"{len(typed) - len(missed)} of {len(typed)} caught, {len(held_out) - len(missed_held_out)} of"
        f" {len(held_out)} that were held out",
    )
    assert len(missed) <= len(typed) / 100, missed
    assert len(missed_held_out) <= len(held_out) / 40, missed_held_out


def test_of_a_thousand_ordinary_messages_hardly_one_is_taken_for_a_secret(measured: Measured) -> None:
    messages = ordinary()
    assert len(messages) == 1000
    alarms = [text for text in messages if clean(text) != text]
    measured("secrets typed into chats", f"{len(alarms)} false alarms in {len(messages)} ordinary messages")
    assert len(alarms) <= 10, alarms


@pytest.mark.parametrize("sample", [12, pytest.param(1, marks=pytest.mark.prove)], ids=["some", "all"])
async def test_s2_no_typed_secret_lies_in_the_database_a_ticket_or_a_log(
    world: World, sample: int, caplog: pytest.LogCaptureFixture, measured: Measured
) -> None:
    caplog.set_level("DEBUG")
    typed = [line for line in lines("secrets_typed.txt") if is_caught(line)][::sample]
    person = Chat(world, chat="ticket")
    await ask_for_person(person, "I cannot sign in, my password is Canary2Day and my code is 90817263")
    database = world.database()
    conversations = world.conversations(database)
    for number, line in enumerate(typed):
        conversations.receive(Incoming("test", f"c{number % 40}", f"k{number}", text=plain(line)))
    office = Office(world)
    shown = str(office.desk.database) + office.ticket(1001).happened
    office.database.close()
    held = stored(database).decode(errors="replace")
    whole = {word for line in typed for word in secrets(line) if len(word) >= 8} | {"Canary2Day", "90817263"}
    known = {word for word in whole if word.casefold() in " ".join(ordinary()).casefold()}
    left = {word for word in whole - known if word in held or word in caplog.text or word in shown}
    measured("secrets typed into chats", f"{len(left)} of {len(whole - known)} canaries in database, tickets and logs")
    assert left == set()


def test_no_message_however_odd_keeps_the_redaction_busy() -> None:
    parts = (
        "a",
        "1 ",
        "1-",
        '"',
        "(",
        " ",
        "Aa1",
        "a1 as ",
        "id ",
        "my code for a ",
        "password for a b c ",
        "a@b.",
        "p: ",
    )
    for part in (*parts, "the phrase it ", "pass ", "password\n", "security question ", "[removed] or "):
        text = (part * MESSAGE_CHARACTERS)[:MESSAGE_CHARACTERS]
        for each in (text, f"password {text}"[:MESSAGE_CHARACTERS]):
            began = time.process_time()
            clean(each)
            assert time.process_time() - began < 0.5, part
