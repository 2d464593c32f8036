"""The logs: whatever people type and whatever breaks, one JSON line an event, and nobody's words in them."""

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest

from bot.dialogue.messages import Incoming
from bot.operations.logs import AsJson
from core import accounts
from core.database import Database
from tests.asking import MAIL_A_CODE
from tests.security.crowd import Crowd
from tests.security.figures import Measured
from tests.world import Characters, World

NASTY = "\r\n\x1b[31m{}\u2028\x85\x00\x7f\u202e"
HALF = "\udcff"  # of a character, which no encoding takes
CANARIES = ("canary@example.org", "canarylee1", "Canary2Day!", "cānary")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Yield what the service writes, at its most talkative."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(AsJson())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(before)


async def test_no_address_name_or_secret_that_was_typed_is_in_the_logs_and_every_event_is_a_line(
    world: World, log: io.StringIO, measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.account("canarylee1", "canary@example.org")
    crowd = Crowd(world, {"17": "canary@example.org"})
    for said in ("recover my username", "<identifier>", MAIL_A_CODE, "1234 5678"):
        await crowd.says(said)
    for number, canary in enumerate(CANARIES):
        crowd.conversations.receive(Incoming("test", "17", f"nasty {number}", NASTY.format(canary)))

    def fail(*_: object) -> None:
        raise RuntimeError(NASTY.format("it broke"))

    monkeypatch.setattr(accounts, "find", fail)
    await crowd.says("cancel")
    for line in ("reset my password", "<identifier>", Characters()):
        await crowd.says(line)
    with pytest.raises(Exception, match="no such table"):
        _break(crowd.database, "canary@example.org")
    crowd.close()
    lines = log.getvalue().splitlines()
    events = [json.loads(line) for line in lines]
    assert any("could not be resolved" in event["event"] for event in events)
    found = [canary for canary in CANARIES if canary in log.getvalue()]
    code = re.findall(r"^\d{8}$", world.letterbox.letters[0].body, re.MULTILINE)
    measured("logs", f"{len(lines)} lines at DEBUG, each one JSON; {len(found)} of {len(CANARIES)} canaries")
    assert all({"at", "level", "logger", "event"} <= event.keys() for event in events)
    assert found == []
    assert code
    assert code[0] not in log.getvalue()


def _break(database: Database, address: str) -> None:
    """Let a statement with an address fail, and log the fault as a part of the service would."""
    try:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("SELECT * FROM nowhere WHERE address = ?", (address,))
    except Exception:
        logging.getLogger("bot.test").exception("a statement failed")
        raise


def test_what_is_logged_of_a_person_is_the_id_of_a_message_alone(log: io.StringIO) -> None:
    logging.getLogger("bot.test").warning("it says %s", NASTY.format("x"))
    (line,) = log.getvalue().splitlines()
    assert json.loads(line)["event"].startswith("it says \r\n")
    odd = AsJson().format(logging.makeLogRecord({"msg": f"it says {NASTY.format(HALF)}"}))
    assert json.loads(odd.encode())["event"].startswith("it says ")
