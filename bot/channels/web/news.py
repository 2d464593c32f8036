"""News of chats: one look at the database a second for all who watch in this process, whoever changed a chat."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Collection
from contextlib import suppress

from bot.channels.web.visitor import CHANNEL
from core import transcripts
from core.database import Database

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
COMMENT_SECONDS = 20  # a proxy takes a silent connection for a dead one
TABS = 12  # of one chat that are told; a browser shows one of them at a time


class News:
    """Tells pages that their chat has changed; any worker may have changed it, so none needs to be a certain one."""

    def __init__(self, database: Database) -> None:
        """Look into `database` while anybody watches."""
        self._database = database
        self._watching: dict[str, set[asyncio.Queue[str | None]]] = {}
        self._known: dict[str, str] = {}
        self._looking: asyncio.Task[None] | None = None

    def is_full(self, chat: str) -> bool:
        """Return whether the chat is watched often enough."""
        return len(self._watching.get(chat, ())) >= TABS

    async def watch(self, chat: str) -> AsyncGenerator[str, None]:
        """Yield what the chat stands at, first now and then at every change; "" when nothing came for a while."""
        queue: asyncio.Queue[str | None] = asyncio.Queue(8)
        watching = self._watching.setdefault(chat, set())
        watching.add(queue)
        if chat in self._known:
            queue.put_nowait(self._known[chat])
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_on(), name="web news")
        try:
            while True:
                try:
                    async with asyncio.timeout(COMMENT_SECONDS):
                        version = await queue.get()
                except TimeoutError:
                    version = ""
                if version is None:
                    return
                yield version
        finally:
            watching.discard(queue)
            if not watching and self._watching.get(chat) is watching:
                del self._watching[chat]
                self._known.pop(chat, None)

    def close(self) -> None:
        """Let everybody who watches go: the service stops."""
        for queue in [queue for watching in self._watching.values() for queue in watching]:
            while queue.full():
                queue.get_nowait()
            queue.put_nowait(None)

    async def _look_on(self) -> None:
        while self._watching:
            try:
                found = await asyncio.to_thread(self._versions, list(self._watching))
            except Exception:
                logger.exception("it could not be seen which chats have changed")
            else:
                self._tell(found)
            await asyncio.sleep(LOOK_SECONDS)

    def _versions(self, chats: Collection[str]) -> dict[str, str]:
        with self._database.reading() as session:
            return transcripts.versions(session, CHANNEL, chats)

    def _tell(self, found: dict[str, str]) -> None:
        for chat, version in found.items():
            if chat not in self._watching or self._known.get(chat) == version:
                continue
            self._known[chat] = version
            for queue in self._watching[chat]:
                with suppress(asyncio.QueueFull):
                    queue.put_nowait(version)
