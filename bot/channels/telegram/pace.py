"""How fast the messages of all processes together leave: each takes a stretch of time from the database for itself."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

STRETCH_SECONDS = 1 / 3  # a stretch that is not used up is lost, so they are short


class SharedPace:
    """Lets messages out one after the other, in the stretches that this process has reserved."""

    def __init__(self, reserve: Callable[[float], Awaitable[float]]) -> None:
        """Use `reserve`, which takes the next so many seconds for the caller and returns in how many they begin."""
        self._reserve = reserve
        self._next = 0.0
        self._ends = 0.0
        self._one_leaves = asyncio.Lock()

    async def turn(self, a_second: float) -> None:
        """Return when a message may leave, where so many `a_second` may.

        The next is counted from when this one left: after a standstill what was missed does not leave at once.
        """
        clock = asyncio.get_running_loop().time
        async with self._one_leaves:
            at = max(self._next, clock())
            if at >= self._ends:
                stretch = max(STRETCH_SECONDS, 1 / a_second)
                at = max(at, clock() + await self._begins(stretch))
                self._ends = at + stretch
            if at > clock():
                await asyncio.sleep(at - clock())
            self._next = clock() + 1 / a_second

    async def _begins(self, seconds: float) -> float:
        try:
            return await self._reserve(seconds)
        except Exception:
            logger.exception("the pace of the other processes is not known; this one keeps its own")
            return 0.0
