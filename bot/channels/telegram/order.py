"""In which order updates are handled: one after the other within a chat, many chats at once (G5)."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any

from telegram import Update
from telegram.ext import BaseUpdateProcessor

OUT_OF_REACH = 1_000_000


class OneByOneInAChat(BaseUpdateProcessor):
    """Chains the updates of each chat, so that a chat that floods waits behind itself alone.

    The library's own limit counts waiting updates too, so it is out of reach, and `slots` counts those at work.
    """

    def __init__(self, slots: int) -> None:
        """Handle at most `slots` chats at once."""
        super().__init__(OUT_OF_REACH)
        self._slots = asyncio.Semaphore(slots)
        self._last: dict[int, asyncio.Event] = {}
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()
        self.waiting = 0  # updates that are queued or at work

    async def initialize(self) -> None:
        """Open for updates."""
        self._closed = False

    async def shutdown(self) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Begin with no further update: those that wait stay in the inbox."""
        self._closed = True

    async def finished(self) -> None:
        """Return once nothing is queued or at work."""
        await self._idle.wait()

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Await `coroutine` once every earlier update of the same chat is done."""
        chat = _chat(update)
        before, done = self._last.get(chat), asyncio.Event()
        self._last[chat] = done
        self.waiting += 1
        self._idle.clear()
        try:
            if before is not None:
                await before.wait()
            async with self._slots:
                if not self._closed:
                    await coroutine
                elif isinstance(coroutine, Coroutine):
                    coroutine.close()
        finally:
            self.waiting -= 1
            done.set()
            if not self.waiting:
                self._idle.set()
            if self._last.get(chat) is done:
                del self._last[chat]


def _chat(update: object) -> int:
    if not isinstance(update, Update):
        return 0
    if update.effective_chat is not None:
        return update.effective_chat.id
    return update.effective_user.id if update.effective_user is not None else 0
