"""What the help desk does by itself while the service runs: it watches over the promises, tidies up, and counts."""

import asyncio
import logging

from bot.desk.help_desk import HelpDesk

logger = logging.getLogger(__name__)

EVERY_SECONDS = 30.0
DAYS_AT_ONCE = 10  # that are counted, when many are due: after the first start, or a long silence


async def run_duties(desk: HelpDesk, pause: float = EVERY_SECONDS) -> None:
    """Keep the promises, tidy up and count, again and again until cancelled; a fault is logged."""
    while True:
        try:
            await asyncio.to_thread(desk.keep_promises)
            await asyncio.to_thread(desk.forget_writers)
            for _ in range(DAYS_AT_ONCE):
                if not await asyncio.to_thread(desk.count_day):
                    break
        except Exception:
            logger.exception("the help desk's duties could not be done; they are done again")
        await asyncio.sleep(pause)
