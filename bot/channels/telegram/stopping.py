"""How long the channel waits at most before it tries again, and the wait that a stop ends."""

import asyncio

LONGEST_PAUSE = 30.0


async def is_stopped_within(stopping: asyncio.Event, seconds: float) -> bool:
    """Wait so many seconds, or until `stopping` is set; return whether it is."""
    if seconds and not stopping.is_set():
        try:
            await asyncio.wait_for(stopping.wait(), seconds)
        except TimeoutError:
            return False
    return stopping.is_set()
