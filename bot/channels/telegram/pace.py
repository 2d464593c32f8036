"""How fast the messages of all processes together leave: each takes a stretch of time from the database for itself."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.channels.telegram.reading import CHANNEL
from core import pacing
from core.database import Database
from core.pacing import Pace

logger = logging.getLogger(__name__)

STRETCH_SECONDS = 1 / 3  # a stretch that is not used up is lost, so they are short


class SharedPace:
    """Lets messages out one after the other, in the stretches that this process has reserved."""

    def __init__(self, reserve: Callable[[float], Awaitable[float]]) -> None:
        """Use `reserve`: it takes the next so many seconds for the caller, and returns when they begin (monotonic)."""
        self._reserve = reserve
        self._next = 0.0
        self._ends = 0.0
        self._ahead: asyncio.Task[tuple[float, float]] | None = None
        self._one_leaves = asyncio.Lock()

    async def turn(self, a_second: float) -> None:
        """Return when a message may leave, where so many `a_second` may.

        The next is counted from when this one left: after a standstill what was missed does not leave at once, nor
        does what was about to when the stretch ended. The last place of a stretch stays free: a message is some time
        on its way, and the first of the next process shall not catch up with it. The following stretch is reserved
        while this one is used, so that a busy channel does not wait for the database. When a stretch is over before
        its reservation came back, one message leaves for it: what is left of the next belongs to another process.
        """
        clock = time.monotonic
        stretch = max(2, round(STRETCH_SECONDS * a_second)) / a_second  # whole messages: a part would be rounded up
        async with self._one_leaves:
            at = max(self._next, clock())
            if at < self._ends:
                await asyncio.sleep(at - clock())
                at = clock()
            if at >= self._ends:
                begins, ends = await self._following(at, stretch)
                self._ends = ends - 1 / a_second
                await asyncio.sleep(max(at, begins) - clock())
            self._next = clock() + 1 / a_second
            if self._ahead is None and self._next > self._ends - stretch / 2:
                self._ahead = asyncio.create_task(self._reserved(stretch))

    async def _following(self, at: float, seconds: float) -> tuple[float, float]:
        """Return when the next stretch that is not over by then begins and ends."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            begins, ends = await ahead
            if at < ends:
                return begins, ends
        return await self._reserved(seconds)

    async def _reserved(self, seconds: float) -> tuple[float, float]:
        begins = time.monotonic()
        try:
            begins = await self._reserve(seconds)
        except Exception:
            logger.exception("the pace of the other processes is not known; this one keeps its own")
        return begins, begins + seconds


class GivenOut:
    """What the database gives out to every process: the channel's time, and the places in the queue of a group."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        """Count in `database`."""
        self._database = database
        self._clock = clock

    async def reserve(self, seconds: float) -> float:
        """Take the channel's next so many seconds; return when they begin, by the monotonic clock of this process."""
        return await asyncio.to_thread(self._reserve, seconds)

    async def queue(self, group: str, pace: Pace, messages: int) -> float:
        """Count so many messages that go to a group; return in how many seconds the first of them may."""
        return await asyncio.to_thread(self._queue, group, pace, messages)

    def _reserve(self, seconds: float) -> float:
        with self._database.transaction() as session:
            now, moment = time.monotonic(), self._clock()  # read together: no wait lies between
            return now + pacing.reserve(session, CHANNEL, seconds, moment)

    def _queue(self, group: str, pace: Pace, messages: int) -> float:
        with self._database.transaction() as session:
            return pacing.queue(session, group, pace, messages, self._clock())
