"""The web chat served on loopback, with a worker, for real browsers and for many at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.channels.web_chat import channel_over
from tests.serving import app_over, on_loopback
from tests.world import World


@asynccontextmanager
async def served(world: World, *, telegram: str = "") -> AsyncIterator[str]:
    """Serve the world's chat; yield its address. Several may serve one world, as several workers do."""
    database = world.database()
    channel = channel_over(world, database, telegram)
    async with on_loopback(
        lambda address: app_over(world, database, address, chat=channel), channel.news.close
    ) as address:
        yield address
    await channel.stop()
    database.close()
