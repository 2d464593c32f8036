"""The desk served on loopback for real browsers, and how staff sign in to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page

from bot.desk.live import Hub
from tests.desk.office import Office
from tests.desk.visitors import PASSWORD
from tests.serving import on_loopback


@asynccontextmanager
async def served(office: Office) -> AsyncIterator[str]:
    """Serve the desk on loopback; yield its address."""
    hub = Hub(office.database, office.world.clock)
    async with on_loopback(lambda address: office.app(address, hub), hub.close) as address:
        yield address


async def sign_in(browser: Page, name: str) -> None:
    """Sign in as somebody of staff."""
    await browser.goto("/desk/sign-in")
    await browser.get_by_label("Name").fill(name)
    await browser.get_by_label("Password").fill(PASSWORD)
    await browser.get_by_role("button", name="Sign in").click()
    await browser.wait_for_url("**/desk")
