"""The web chat served on loopback, with a worker, for real browsers and for many at once."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.web.server import create_app, server
from tests.channels.web_chat import channel_over
from tests.world import World, library


@asynccontextmanager
async def served(world: World, *, telegram: str = "") -> AsyncIterator[str]:
    """Serve the world's chat; yield its address. Several may serve one world, as several workers do."""
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    database = world.database()
    channel = channel_over(world, database, telegram)
    app = create_app(
        database=database,
        keys=world.keys,
        address=address,
        wording=lambda: library().language("en"),
        clock=world.clock,
        chat=channel,
    )
    running = server(app, "127.0.0.1", 0)
    serving = asyncio.create_task(running.serve(sockets=[listening]))
    try:
        yield address
    finally:
        await channel.stop()
        running.should_exit = True
        await serving
        database.close()
