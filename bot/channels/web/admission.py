"""Admission: a new chat counts against its network's budget once, and those that come together are counted together."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from starlette.concurrency import run_in_threadpool

from bot.channels.web.visitor import CHANNEL
from core import limits, transcripts
from core.database import Database
from core.keys import Keys
from core.refusals import BudgetSpent

MOST_REMEMBERED = 20_000  # chats; those that are forgotten are looked up again


class Admission:
    """Lets chats in that are known, and new ones as far as their network's budget goes (S5)."""

    def __init__(self, database: Database, keys: Keys, clock: Callable[[], datetime]) -> None:
        """Count on `database`."""
        self._database = database
        self._keys = keys
        self._clock = clock
        self._known: set[str] = set()
        self._waiting: list[tuple[str, str, asyncio.Future[None]]] = []
        self._working: asyncio.Task[None] | None = None

    async def admit(self, chat: str, network: str) -> None:
        """Return when the chat may speak; BudgetSpent where its network has begun too many."""
        if chat in self._known:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((chat, network, done))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work(), name="web admission")
        await done
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known.add(chat)

    async def _work(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting, []
            try:
                outcomes = await run_in_threadpool(self._count, [(chat, network) for chat, network, _ in taken])
            except Exception as error:
                outcomes = [error] * len(taken)
            for (_, _, done), refused in zip(taken, outcomes, strict=True):
                if done.done():
                    continue
                if refused is None:
                    done.set_result(None)
                else:
                    done.set_exception(refused)

    def _count(self, chats: Sequence[tuple[str, str]]) -> list[Exception | None]:
        """Count those that are new, in one transaction; return what is to be raised for each."""
        with self._database.reading() as session:
            known = transcripts.versions(session, CHANNEL, [chat for chat, _ in chats])
        if all(chat in known for chat, _ in chats):
            return [None] * len(chats)
        outcomes: list[Exception | None] = []
        with self._database.transaction() as session:
            for chat, network in chats:
                refused: BudgetSpent | None = None
                try:
                    if chat not in known:
                        limits.spend(session, self._keys, limits.NETWORK_CHATS, network, self._clock())
                except BudgetSpent as spent:
                    refused = spent
                outcomes.append(refused)
        return outcomes
