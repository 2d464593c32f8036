"""A bot in a process of its own, which a test can kill.

python -m tests.channels.bot_process BASE_URL DATABASE_URL
"""

import asyncio
import sys
import time
from datetime import UTC, datetime

from bot.channels.telegram.channel import Telegram
from bot.dialogue.messages import Incoming, Reply
from core.database import Database
from tests.channels.conftest import KEYS
from tests.channels.stand_in import StandIn, echo
from tests.telegram_server import TOKEN


async def run(base_url: str, database_url: str) -> None:
    """Answer every message, slowly, until killed."""
    database = Database(database_url)
    turns = StandIn(database, KEYS, slowly)
    channel = Telegram(
        TOKEN,
        base_url,
        KEYS,
        database,
        turns,
        lambda: datetime.now(UTC),
        commands={},
        apology="Sorry.",
    )
    channel.messages_a_second = 1_000
    await channel.start()
    await asyncio.Event().wait()


def slowly(incoming: Incoming) -> tuple[Reply, ...]:
    """Think for 20 ms, with the database locked."""
    time.sleep(0.02)
    return echo(incoming)


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:]))
