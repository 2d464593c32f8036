"""The desk served on loopback for real browsers, and how staff sign in to it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page

from bot.desk.live import Hub
from bot.web.server import server
from tests.desk.office import Office
from tests.desk.visitors import PASSWORD


@asynccontextmanager
async def served(office: Office) -> AsyncIterator[str]:
    """Serve the desk on loopback; yield its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    hub = Hub(office.database, office.world.clock)
    running = server(office.app(address, hub), "127.0.0.1", 0)
    serving = asyncio.create_task(running.serve(sockets=[listening]))
    try:
        yield address
    finally:
        hub.close()
        running.should_exit = True
        await serving


async def sign_in(browser: Page, name: str) -> None:
    """Sign in as somebody of staff."""
    await browser.goto("/desk/sign-in")
    await browser.get_by_label("Name").fill(name)
    await browser.get_by_label("Password").fill(PASSWORD)
    await browser.get_by_role("button", name="Sign in").click()
    await browser.wait_for_url("**/desk")
