"""The bot as a process, people who talk to it through Telegram, and what may neither be lost nor done twice."""

import asyncio
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from sqlalchemy import select

from core.database import Database
from core.tables import Conversation, Message
from tests.commands.process import start
from tests.ports import free_port
from tests.telegram_server import TelegramServer

SECRET_KEY = "a secret key of the tests, long enough to be one"


@dataclass
class ServiceProcess:
    """A bot on a database; `said` are the texts of every chat, in order."""

    folder: Path
    telegram: TelegramServer
    url: str
    settings: dict[str, str] = field(default_factory=dict)
    said: dict[int, list[str]] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    def __post_init__(self) -> None:
        self.port = free_port()
        self.settings = {
            "CERSBOT_TELEGRAM_TOKEN": self.telegram.token,
            "CERSBOT_TELEGRAM_BASE_URL": self.telegram.base_url,
            "CERSBOT_PORT": str(self.port),
            "CERSBOT_DATABASE_URL": self.url,
            "CERSBOT_SECRET_KEY": SECRET_KEY,
            **self.settings,
        }

    async def start(self) -> None:
        """Start the bot on a database that has its tables, or on SQLite, and wait until it is ready."""
        self.begin()
        await self.becomes_ready(60)

    def begin(self) -> None:
        """Start the bot."""
        with (self.folder / "log").open("a") as log:
            self.process = start(self.folder, "run", settings=self.settings, stderr=log.fileno())

    async def listens(self) -> None:
        """Wait until it has its port; nobody is answered there before it is ready."""
        async with asyncio.timeout(60):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.1)
                else:
                    writer.close()
                    return

    async def missing(self) -> list[str] | None:
        """Return what /readyz names; None when it does not answer."""
        try:
            timeout = aiohttp.ClientTimeout(total=5)
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"http://127.0.0.1:{self.port}/readyz") as answer,
            ):
                return [] if answer.status == 200 else (await answer.text()).split()
        except (OSError, TimeoutError, aiohttp.ClientError):
            return None

    async def becomes_ready(self, seconds: float) -> float:
        """Wait until it is ready; return how many seconds that took."""
        return await self._until(lambda missing: missing == [], seconds)

    async def becomes_unready(self, seconds: float, what: str) -> None:
        """Wait until it says that this is missing."""
        await self._until(lambda missing: what in (missing or []), seconds)

    async def logs(self, word: str, seconds: float) -> None:
        """Wait until the word stands in the log."""
        assert await self.telegram.until(lambda: word in self.log(), seconds), self.log()[-4000:]

    async def _until(self, condition: Callable[[list[str] | None], bool], seconds: float) -> float:
        began = time.monotonic()
        while not condition(missing := await self.missing()):
            assert time.monotonic() - began < seconds, f"{missing} after {seconds} s:\n{self.log()[-4000:]}"
            assert self.process is None or self.process.poll() is None, self.log()[-4000:]
            await asyncio.sleep(0.1)
        return time.monotonic() - began

    async def say(self, chats: int, round_: int) -> None:
        """Let so many people each say something that nobody has said before."""
        for chat in range(1, chats + 1):
            text = f"what about thing {round_} of person {chat}"
            self.said.setdefault(chat, []).append(text)
            await self.telegram.say(chat, text)

    async def end(self, number: signal.Signals) -> tuple[int, float]:
        """Send a signal; return the exit status, and how many seconds it took."""
        assert self.process
        began = time.monotonic()
        self.process.send_signal(number)
        await asyncio.to_thread(self.process.communicate, timeout=60)
        return self.process.returncode, time.monotonic() - began

    async def everybody_is_answered(self, seconds: float) -> None:
        """Wait until every chat has had at least as many replies as it said things, and nothing waits."""

        def are_answered() -> bool:
            return all(self.replies(chat) >= len(said) for chat, said in self.said.items())

        is_so = await self.telegram.until(lambda: are_answered() and not self.telegram.chats.waiting, seconds)
        lacking = {chat: (len(said), self.replies(chat)) for chat, said in self.said.items()}
        assert is_so, f"said and answered: {lacking}\n{self.log()[-4000:]}"

    def replies(self, chat: int) -> int:
        """Return how many messages the bot has sent to a chat."""
        return sum(message.by_bot for message in self.telegram.chats.open(chat).messages.values())

    def check(self, repeated: int = 0) -> None:
        """Nothing was lost, nothing done twice or out of order, and at most so many replies were repeated."""
        database = Database(self.url)
        query = (
            select(Conversation.chat, Message.author, Message.text)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .order_by(Message.id)
        )
        with database.transaction() as session:
            lines = session.execute(query).all()
        database.close()
        done: dict[int, list[str]] = {}
        owed: Counter[int] = Counter()
        for chat, author, text in lines:
            if author == "person":
                done.setdefault(int(chat), []).append(text)
            else:
                owed[int(chat)] += 1
        assert done == self.said
        assert sum(self.replies(chat) - owed[chat] for chat in self.said) <= repeated
        assert all(self.replies(chat) >= owed[chat] for chat in self.said)

    def log(self) -> str:
        """Return what the bot has logged."""
        return (self.folder / "log").read_text()
