"""Kill -9 at points drawn from a seed: no message is lost, none acts twice, and few replies come twice (G1, G5)."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from core.database import Database
from tests.challenges import newest
from tests.faults.telegram_service import KEYS
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

    def __init__(self, telegram: TelegramServer, database: Path, chat: int) -> None:
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
        with closing(sqlite3.connect(self.database)) as connection:
            handled = len(transcript(connection, self.chat))
            owed = (
                "SELECT count(*) FROM outbox o JOIN conversations c ON c.id = o.conversation_id"
                " WHERE c.chat = ? AND o.settled_at IS NULL"
            )
            return handled >= len(self.kept) and connection.execute(owed, (str(self.chat),)).fetchone() == (0,)

    def _shown(self) -> str:
        shown = newest(self.database, KEYS, str(self.chat))
        assert shown is not None
        return shown


async def survives(folder: Path, seed: int, kills: int) -> None:
    """Let a service die so often while people talk to it, and check what they and the database say."""
    path = folder / "bot.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    async with TelegramServer() as telegram:
        people = [Person(telegram, path, chat) for chat in range(1, CHATS + 1)]
        lives = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-m",
                "tests.faults.lives",
                telegram.base_url,
                f"sqlite:///{path}",
                str(seed),
                str(kills),
            ),
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
            await telegram.settled(wait=60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(lives.pid, signal.SIGKILL)
            for task in talking:
                task.cancel()
            await lives.wait()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM inbox WHERE handled_at IS NULL").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM inbox WHERE tries > 0").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM outbox WHERE settled_at IS NULL").fetchone() == (0,)
        answered = connection.execute("SELECT count(*) FROM messages WHERE author = 'bot'").fetchone()[0]
        requests = connection.execute("SELECT count(*) FROM account_requests").fetchone()
        for person in people:
            assert transcript(connection, person.chat) == person.kept, "lost, twice or out of order"
    assert requests == (sum(person.asked for person in people),)
    repeated = len(telegram.called("sendMessage")) + len(telegram.called("sendPhoto")) - answered
    print(f"{kills} kills, {sum(len(person.kept) for person in people)} messages, {repeated} replies came twice")
    assert 0 <= repeated <= kills


def transcript(connection: sqlite3.Connection, chat: int) -> list[str]:
    """Return what the person said, as the service kept it."""
    query = (
        "SELECT text FROM messages m JOIN conversations c ON c.id = m.conversation_id"
        " WHERE c.chat = ? AND author = 'person' ORDER BY m.id"
    )
    return [text for (text,) in connection.execute(query, (str(chat),))]


async def test_g1_kills_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    await survives(tmp_path, seed=1, kills=15)


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(10, 20))
async def test_g1_1000_kills_lose_nothing_and_do_nothing_twice(seed: int, tmp_path: Path) -> None:
    await survives(tmp_path, seed, kills=100)
