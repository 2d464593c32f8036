"""What the help desk does by itself while the service runs: it watches over the promises, and tidies up."""

import asyncio
import logging

from bot.desk.help_desk import HelpDesk

logger = logging.getLogger(__name__)

EVERY_SECONDS = 30.0


async def run_duties(desk: HelpDesk, pause: float = EVERY_SECONDS) -> None:
    """Warn of what is due and own up to what was missed, again and again until cancelled; a fault is logged."""
    while True:
        try:
            await asyncio.to_thread(desk.keep_promises)
            await asyncio.to_thread(desk.forget_writers)
        except Exception:
            logger.exception("the help desk's duties could not be done; they are done again")
        await asyncio.sleep(pause)
