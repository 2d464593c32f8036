"""Four workers on one PostgreSQL, one killed every second: nothing lost, nothing twice, each chat in order (G1, G5)."""

import asyncio
import contextlib
import json
import multiprocessing
import random
import socket
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core import rules
from core.database import Database
from core.tables import AccountRequest, Conversation, Message, Owed, Received
from tests.faults.worker_process import READY, Street, work
from tests.postgres import PostgreSQL
from tests.world import World

WORKERS = 4
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([work.__module__, "tests.faults.warm"])
# Each chat begins with an action, whose request may be made once, and goes on with what nobody else has said.
ACTION = ["recover my username", "person{chat}@example.org", "3", "/cancel"]


class Worker:
    """A process that works, and the way to it."""

    def __init__(self, folder: Path, url: str) -> None:
        """Start one."""
        self._here, there = socket.socketpair()
        with there:
            self._process = FORKS.Process(target=work, args=(folder, url, there))
            self._process.start()
        self._writer: asyncio.StreamWriter | None = None

    async def lines(self) -> AsyncIterator[str]:
        """Yield what it says until it ends."""
        reader, self._writer = await asyncio.open_connection(sock=self._here)
        with contextlib.closing(self._writer), contextlib.suppress(ConnectionError):
            while (line := await reader.readline()).endswith(b"\n"):
                yield line.decode().strip()

    def hand_in(self, *message: str) -> None:
        """Give it a message, if it still lives."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(json.dumps(message).encode() + b"\n")

    async def kill(self) -> None:
        """Kill it, and wait until it is gone."""
        self._process.kill()
        await asyncio.to_thread(self._process.join)


class Balancer:
    """Hands messages to workers that live, one of a chat at a time, until one of them has said that it is done."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        self._ready: list[Worker] = []
        self._started: list[Worker] = []
        self._done: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._random = random.Random(7)
        self._readers: list[asyncio.Task[None]] = []
        self.kills = 0

    def start(self) -> None:
        """Start a worker."""
        worker = Worker(self._folder, self._url)
        self._started.append(worker)
        self._readers.append(asyncio.create_task(self._read(worker)))

    async def kill(self) -> None:
        """Kill a worker that is at work, and start another in its place."""
        if not self._ready:
            return
        await self._ready.pop(self._random.randrange(len(self._ready))).kill()
        self.kills += 1
        self.start()

    async def hand_in(self, chat: int, texts: list[str]) -> None:
        """Hand in what one chat says; a message that nobody has acknowledged in time goes to another worker."""
        for number, text in enumerate(texts):
            key = f"{chat}:{number}"
            while not self._done[key].is_set():
                if self._ready:
                    self._random.choice(self._ready).hand_in(key, str(chat), text)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._done[key].wait(), 2)

    async def stop(self) -> None:
        """Kill every worker."""
        await asyncio.gather(*(worker.kill() for worker in self._started))
        await asyncio.gather(*self._readers)

    async def _read(self, worker: Worker) -> None:
        async for word in worker.lines():
            if word == READY:
                self._ready.append(worker)
            else:
                self._done[word].set()


@pytest.mark.parametrize(
    ("chats", "messages"),
    [(30, 300), pytest.param(300, 5_000, marks=pytest.mark.prove)],
)
async def test_g1_four_workers_of_which_one_is_killed_every_second(
    postgresql: PostgreSQL, tmp_path: Path, chats: int, messages: int
) -> None:
    said = {
        chat: [text.format(chat=chat) for text in ACTION]
        + [f"thing {number} of person {chat}" for number in range(messages // chats - len(ACTION))]
        for chat in range(1, chats + 1)
    }
    with postgresql.database() as url:
        balancer = Balancer(tmp_path, url)
        for _ in range(WORKERS):
            balancer.start()
        talking = asyncio.gather(*(balancer.hand_in(chat, texts) for chat, texts in said.items()))
        while not talking.done():
            await asyncio.wait({talking}, timeout=1)
            if not talking.done():
                await balancer.kill()
        await talking
        await balancer.stop()
        # What the killed had taken is another's after a minute.
        world = World(tmp_path, url=url, now=datetime.now(UTC) + timedelta(seconds=2 * rules.LEASE_SECONDS))
        worker = Street(world).worker()
        while await worker.work():
            pass
        try:
            check(world.database(), tmp_path, said, balancer.kills)
        finally:
            world.close()


def check(database: Database, folder: Path, said: dict[int, list[str]], kills: int) -> None:
    """Every message was handled once and in order, each action done once, each reply sent, few of them twice."""
    lines = select(Conversation.chat, Message.author, Message.text).join(Conversation).order_by(Message.id)
    done: dict[int, list[str]] = defaultdict(list)
    replies: Counter[str] = Counter()
    with database.transaction() as session:
        for chat, author, text in session.execute(lines):
            if author == "person":
                done[int(chat)].append(text)
            else:
                replies[chat] += 1
        requests = session.scalars(select(AccountRequest.conversation_id)).all()
        letters = session.scalars(select(Owed.outcome).where(Owed.kind == "letter")).all()
        received = session.scalars(select(Received.key)).all()
    assert {chat: len(texts) for chat, texts in done.items()} == {chat: len(texts) for chat, texts in said.items()}
    for number, texts in said.items():
        assert done[number][len(ACTION) :] == texts[len(ACTION) :], done[number]
    assert len(received) == sum(map(len, said.values()))
    assert len(requests) == len(set(requests)) == len(said)
    assert letters == ["sent"] * len(said)
    mailed = Counter((folder / "mailed").read_text().split())
    assert len(mailed) == len(said)
    sent = Counter(line.split()[0] for line in (folder / "sent").read_text().splitlines())
    assert all(sent[chat] >= count for chat, count in replies.items())
    per_row = Counter((folder / "sent").read_text().splitlines())
    assert kills > 0
    # A kill hits up to eight threads at once: each may have sent a reply that it could not mark any more.
    assert sent.total() - replies.total() <= kills * 8 * max(per_row.values())
    assert mailed.total() - len(said) <= kills * 8
