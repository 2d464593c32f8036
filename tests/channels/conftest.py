"""What the tests of the channels share: a database, a Telegram, and the channel between them."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.channels.telegram.channel import Telegram
from core.database import Database
from core.keys import Keys
from tests.channels.stand_in import StandIn
from tests.databases import Databases
from tests.telegram_server import TelegramServer

KEYS = Keys("a secret key of the tests, and long enough")
COMMANDS = {"start": "Begin", "help": "What I can do"}
APOLOGY = "Sorry, that was **my** mistake."


@pytest.fixture
def database(databases: Databases, tmp_path: Path) -> Iterator[Database]:
    with databases.in_file(tmp_path / "bot.db") as made:
        yield made


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer(quiet=0.05) as server:
        yield server


@pytest.fixture
def turns(database: Database) -> StandIn:
    return StandIn(database, KEYS)


@pytest.fixture
def make_channel(telegram: TelegramServer, turns: StandIn) -> Callable[[], Telegram]:
    def make() -> Telegram:
        made = Telegram(
            telegram.token,
            telegram.base_url,
            KEYS,
            turns.database,
            turns,
            lambda: datetime.now(UTC),
            commands={"": COMMANDS, "es": {"help": "Qué puedo hacer"}},
            apology=APOLOGY,
        )
        made.messages_a_second = 1_000
        return made

    return make


@pytest.fixture
async def channel(telegram: TelegramServer, make_channel: Callable[[], Telegram]) -> AsyncIterator[Telegram]:
    running = make_channel()
    await running.start()
    telegram.working = lambda: running.waiting > 0
    yield running
    await running.stop()
