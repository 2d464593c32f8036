"""The worker: does for mailboxes and chats whatever is due, and purges; none waits for another."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from bot.delivery.chats import Chats
from bot.delivery.mailboxes import Mailboxes
from bot.delivery.post import Post
from bot.delivery.purge import Purge
from bot.delivery.rendering import Renderer
from bot.dialogue.conversation import Conversations
from bot.dialogue.messages import Sender
from core.database import Database
from core.keys import Keys
from core.purging import Keeping

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0


class Worker:
    """Does whatever is due; any number of workers may share one database."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        clock: Callable[[], datetime],
        conversations: Conversations,
        renderer: Renderer,
        post: Post,
        senders: Mapping[str, Sender],
        keeping: Keeping | None = None,
    ) -> None:
        """Post letters with `post`; `senders` are this process's channels, `keeping` is how long to keep what."""
        self._stopping = asyncio.Event()
        self._began: dict[str, float] = {}
        self._mailboxes = Mailboxes(database, keys, clock, renderer, post)
        self._chats = Chats(database, clock, conversations, senders)
        self._purge = Purge(database, clock, keeping)

    async def run(self) -> None:
        """Work until stopped; a slow mail server does not keep the chats waiting."""
        try:
            await asyncio.gather(
                self._work_until_stopped("mailboxes", self._mailboxes.work),
                self._work_until_stopped("chats", self._chats.work),
                self._work_until_stopped("purge", self._purge.work),
            )
            await self._chats.finished()
        finally:
            self._chats.give_up()

    def stop(self) -> None:
        """Let `run` end with the round that is under way: what is handed in is noted as well."""
        self._stopping.set()

    def silent(self) -> float:
        """Return the seconds since one of its parts last began a round; 0 before the first."""
        return max((time.monotonic() - began for began in self._began.values()), default=0.0)

    async def work(self) -> bool:
        """Do once whatever is due, to its end; return whether there was anything."""
        done = [await part.work() for part in (self._mailboxes, self._chats, self._purge)]
        await self._chats.finished()
        return any(done)

    async def _work_until_stopped(self, part: str, work: Callable[[], Awaitable[bool]]) -> None:
        """Do the work again and again; a fault is logged, and what it was at stays due."""
        while not self._stopping.is_set():
            self._began[part] = time.monotonic()
            try:
                busy = await work()
            except Exception:
                logger.exception("the worker stumbled")
                busy = False
            if not busy:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), PAUSE_SECONDS)
