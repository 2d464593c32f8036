"""Kill -9 at points drawn from a seed: no message is lost, none acts twice, and few replies come twice (G1, G5)."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import DeclarativeBase, Session

from core.database import Database
from core.tables import AccountRequest, Conversation, Message, Owed, Received
from tests.challenges import newest
from tests.faults.conftest import integrity
from tests.faults.telegram_service import KEYS
from tests.postgres import PostgreSQL
from tests.telegram_server import TelegramServer
from tests.world import library

CHATS = 4
RIGHT = "what the picture shows"
HIDDEN = f"[{library().language('en').phrase('hidden_answer')}]"
# Each round ends in a request that has to be made once, and asks in between.
SCRIPT = (
    "what is a CUPA?",
    "I forgot my username",
    "person{chat}@example.org",
    RIGHT,
    "how long is the activation link valid?",
    "hello",
)


class Person:
    """Somebody who says the next thing when the last was answered, and begins anew at the end."""

    def __init__(self, telegram: TelegramServer, database: Database, chat: int) -> None:
        self.telegram = telegram
        self.database = database
        self.chat = chat
        self.kept: list[str] = []  # what was said, as the transcript has to have it
        self.asked = 0

    async def talk(self, enough: asyncio.Event) -> None:
        """Talk until it is enough, and the round is over."""
        while not enough.is_set():
            for step in SCRIPT:
                text = self._shown() if step is RIGHT else step.format(chat=self.chat)
                self.asked += step is RIGHT
                self.kept.append(HIDDEN if step is RIGHT else text)
                await self.telegram.say(self.chat, text)
                assert await self.telegram.until(self._is_answered, 60), f"chat {self.chat}: {text!r} was not answered"

    def _is_answered(self) -> bool:
        """Return whether everything that was said was handled, and the answers are noted as sent."""
        with self.database.reading() as session:
            handled = len(transcript(session, self.chat))
            owed = select(func.count()).select_from(Owed).join(Conversation).where(Conversation.chat == str(self.chat))
            return handled >= len(self.kept) and not session.scalar(owed.where(Owed.settled_at.is_(None)))

    def _shown(self) -> str:
        shown = newest(self.database, KEYS, str(self.chat))
        assert shown is not None
        return shown


async def survives(url: str, seed: int, kills: int) -> None:
    """Let a service die so often while people talk to it, and check what they and the database say."""
    database = Database(url)
    database.migrate()
    async with TelegramServer() as telegram:
        people = [Person(telegram, database, chat) for chat in range(1, CHATS + 1)]
        lives = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.lives", telegram.base_url, url, str(seed), str(kills)),
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert lives.stdout
        enough = asyncio.Event()
        talking = [asyncio.create_task(person.talk(enough)) for person in people]
        try:
            for number in range(kills):
                line = (await lives.stdout.readline()).decode()
                assert line.endswith(f"signal {signal.SIGKILL.value}\n"), f"life {number}: {line}"
            enough.set()
            await asyncio.gather(*talking)
            assert await telegram.until(lambda: owes_nothing(database), 60), "a letter is still owed"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(lives.pid, signal.SIGKILL)
            for task in talking:
                task.cancel()
            await lives.wait()
    with database.reading() as session:
        assert not count(session, Received, Received.handled_at.is_(None))
        assert not count(session, Received, Received.tries > 0)
        answered = count(session, Message, Message.author == "bot")
        requests = count(session, AccountRequest)
        for person in people:
            assert transcript(session, person.chat) == person.kept, "lost, twice or out of order"
    database.close()
    assert requests == sum(person.asked for person in people)
    repeated = len(telegram.called("sendMessage")) + len(telegram.called("sendPhoto")) - answered
    print(f"{kills} kills, {sum(len(person.kept) for person in people)} messages, {repeated} replies came twice")
    assert 0 <= repeated <= kills


def owes_nothing(database: Database) -> bool:
    """Return whether every reply and letter has left."""
    with database.reading() as session:
        return not count(session, Owed, Owed.settled_at.is_(None))


def count(session: Session, table: type[DeclarativeBase], *conditions: ColumnElement[bool]) -> int:
    """Return how many rows meet the conditions."""
    return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def transcript(session: Session, chat: int) -> list[str]:
    """Return what the person said, as the service kept it."""
    lines = select(Message.text).join(Conversation).where(Conversation.chat == str(chat), Message.author == "person")
    return list(session.scalars(lines.order_by(Message.id)))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, postgresql: PostgreSQL, tmp_path: Path) -> Iterator[str]:
    """Yield the address of a database, which is whole afterwards."""
    file = tmp_path / "bot.db"
    with nullcontext(f"sqlite:///{file}") if request.param == "sqlite" else postgresql.database() as url:
        yield url
    if request.param == "sqlite":
        assert integrity(file) == [("ok",)]


async def test_g1_kills_lose_nothing_and_do_nothing_twice(url: str) -> None:
    await survives(url, seed=1, kills=15)


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(10, 20))
async def test_g1_1000_kills_lose_nothing_and_do_nothing_twice(seed: int, url: str) -> None:
    await survives(url, seed, kills=100)
