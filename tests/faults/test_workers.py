"""Four workers on one PostgreSQL, one killed every second: nothing lost, nothing twice, each chat in order (G1, G5)."""

import asyncio
import contextlib
import json
import random
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core import rules
from core.database import Database
from core.tables import AccountRequest, Conversation, Message, Owed, Received
from tests.commands.process import ROOT, environment
from tests.faults.worker_process import READY, Street
from tests.postgres import PostgreSQL
from tests.world import World

WORKERS = 4
# Each chat begins with an action, whose request may be made once, and goes on with what nobody else has said.
ACTION = ["recover my username", "person{chat}@example.org", "3", "/cancel"]


class Balancer:
    """Hands messages to workers that live, one of a chat at a time, until one of them has said that it is done."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        self._ready: list[asyncio.subprocess.Process] = []
        self._started: list[asyncio.subprocess.Process] = []
        self._done: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._random = random.Random(7)
        self._readers: list[asyncio.Task[None]] = []
        self.kills = 0

    async def start(self) -> None:
        """Start a worker."""
        command = [sys.executable, "-m", "tests.faults.worker_process", str(self._folder), self._url]
        pipe = asyncio.subprocess.PIPE
        with (self._folder / "log").open("a") as log:
            worker = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, env=environment(self._folder), stdin=pipe, stdout=pipe, stderr=log
            )
        self._started.append(worker)
        self._readers.append(asyncio.create_task(self._read(worker)))

    async def kill(self) -> None:
        """Kill a worker that is at work, and start another in its place."""
        if not self._ready:
            return
        worker = self._ready.pop(self._random.randrange(len(self._ready)))
        worker.kill()
        await worker.wait()
        self.kills += 1
        await self.start()

    async def hand_in(self, chat: int, texts: list[str]) -> None:
        """Hand in what one chat says; a message that nobody has acknowledged in time goes to another worker."""
        for number, text in enumerate(texts):
            key = f"{chat}:{number}"
            while not self._done[key].is_set():
                if self._ready and (way := self._random.choice(self._ready).stdin):
                    way.write(json.dumps([key, str(chat), text]).encode() + b"\n")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._done[key].wait(), 2)

    async def stop(self) -> None:
        """Kill every worker."""
        for worker in self._started:
            if worker.returncode is None:
                worker.kill()
            await worker.wait()
        await asyncio.gather(*self._readers)

    async def _read(self, worker: asyncio.subprocess.Process) -> None:
        assert worker.stdout
        while (line := await worker.stdout.readline()).endswith(b"\n"):
            word = line.decode().strip()
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
        await asyncio.gather(*(balancer.start() for _ in range(WORKERS)))
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
