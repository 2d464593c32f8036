"""In which order messages are handled: one after the other within a chat, many chats at once (G5).

python-telegram-bot would do this by an `Application` with a `BaseUpdateProcessor`: a task for every waiting update, in
memory alone. Here a chat has one task, which ends with its last message; of a chat that floods only the first messages
are held, and the rest is read from the inbox when its time comes, so that no number of them holds up anybody else.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)

MOST_HELD = 200  # messages of one chat in memory; the rest waits in the inbox
LONGEST_WAIT = 5.0

T = TypeVar("T")


class Behind(Exception):
    """Earlier messages of the chat wait in the inbox: they come first."""


class InOrder(Generic[T]):
    """Hands messages to `handle`; what cannot be held is read by `refill`, oldest first, no more than are asked for."""

    def __init__(
        self,
        handle: Callable[[T], Awaitable[None]],
        refill: Callable[[str, int], Awaitable[Sequence[T]]],
        at_once: int,
    ) -> None:
        """Handle messages of at most `at_once` chats at the same time."""
        self._handle = handle
        self._refill = refill
        self._slots = asyncio.Semaphore(at_once)
        self._queues: dict[str, deque[tuple[T, asyncio.Event]]] = {}
        self._behind: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._held = 0  # messages, those at work included
        self._reading = 0  # chats of which the inbox is being read

    @property
    def waiting(self) -> int:
        """How many messages are held or at work, and chats of which the inbox alone has more."""
        return self._held + self._reading + len(self._behind)

    def put(self, chat: str, message: T) -> asyncio.Event:
        """Handle a message of the inbox in its turn; the event is set once it was, or once the inbox alone has it."""
        done = asyncio.Event()
        queue = self._queues.get(chat)
        if self._closed:
            done.set()
            return done
        if chat in self._behind or (queue is not None and len(queue) >= MOST_HELD):
            self._behind.add(chat)
            done.set()
            return done
        self._held += 1
        if queue is None:
            self._begin(chat)
        self._queues[chat].append((message, done))
        return done

    def take_up(self, chat: str) -> None:
        """Handle what waits in the inbox for a chat that nothing is done for."""
        if chat not in self._queues and not self._closed:
            self._behind.add(chat)
            self._begin(chat)

    def look_for(self, chat: str) -> None:
        """Handle what could not be held when it was put, and is in the inbox only now."""
        if not self._closed:
            self._behind.add(chat)
            if chat not in self._queues:
                self._begin(chat)

    def close(self) -> None:
        """Begin with no further message: those that wait stay in the inbox."""
        self._closed = True
        for queue in self._queues.values():
            self._drop(queue)

    async def finished(self) -> None:
        """Return once nothing is at work."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _begin(self, chat: str) -> None:
        self._queues[chat] = deque()
        task = asyncio.create_task(self._work_for(chat))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work_for(self, chat: str) -> None:
        queue = self._queues[chat]
        pause = 0.05
        while not self._closed and (queue or chat in self._behind):
            if not queue:
                pause = await self._refilled(chat, queue, pause)
                continue
            message, done = queue.popleft()
            try:
                async with self._slots:
                    if not self._closed:
                        await self._handle(message)
                pause = 0.05
            except Behind:
                self._drop(queue)
                self._behind.add(chat)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_WAIT)
            except Exception:
                logger.exception("a message of chat %s was left in the inbox", chat)
            finally:
                self._held -= 1
                done.set()
        self._drop(queue)
        del self._queues[chat]
        if self._closed:
            self._behind.discard(chat)

    async def _refilled(self, chat: str, queue: "deque[tuple[T, asyncio.Event]]", pause: float) -> float:
        """Read what waits in the inbox; return how long to pause should that fail the next time."""
        self._behind.discard(chat)
        self._reading += 1
        try:
            messages = await self._refill(chat, MOST_HELD)
        except Exception:
            logger.exception("the inbox could not be read for chat %s", chat)
            self._behind.add(chat)
            await asyncio.sleep(pause)
            return min(2 * pause, LONGEST_WAIT)
        finally:
            self._reading -= 1
        if len(messages) >= MOST_HELD:  # what came meanwhile has to wait for what is still in the inbox
            self._drop(queue)
            self._behind.add(chat)
        self._held += len(messages)
        queue.extendleft((message, asyncio.Event()) for message in reversed(messages))
        return pause

    def _drop(self, queue: "deque[tuple[T, asyncio.Event]]") -> None:
        self._held -= len(queue)
        for _, done in queue:
            done.set()
        queue.clear()
