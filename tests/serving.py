"""Pages over a world's database: as an application, and served on loopback for real browsers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from bot.channels.web.channel import WebChannel
from bot.desk.help_desk import HelpDesk
from bot.desk.live import Hub
from bot.web.mailbox import Mailbox
from bot.web.server import create_app, server
from core.database import Database
from tests.world import ADDRESS, World, library

AppAt = Callable[[str], Starlette]  # the application that is served under an address


def app_over(
    world: World,
    database: Database,
    address: str = ADDRESS,
    *,
    letters: Mailbox | None = None,
    desk: tuple[HelpDesk, Hub] | None = None,
    chat: WebChannel | None = None,
) -> Starlette:
    """Return the application under an address, with the pages that are asked for beside those of accounts."""
    return create_app(
        database=database,
        keys=world.keys,
        address=address,
        wording=lambda: library().language("en"),
        clock=world.clock,
        letters=letters,
        desk=desk,
        chat=chat,
    )


@asynccontextmanager
async def on_loopback(app_at: AppAt, stop: Callable[[], None] = lambda: None) -> AsyncIterator[str]:
    """Serve the application of an address; yield that address. `stop` lets go whoever watches, before the end."""
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    running = server(app_at(address), "127.0.0.1", 0)
    serving = asyncio.create_task(running.serve(sockets=[listening]))
    try:
        yield address
    finally:
        stop()
        running.should_exit = True
        await serving
