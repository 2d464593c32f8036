"""A real browser on the desk's pages, and the server under them."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, async_playwright

from bot.desk.live import Hub
from bot.web.server import server
from tests.desk.office import Office
from tests.desk.visitors import PASSWORD

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# As root, and without a word to any host but this one.
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SCREENSHOTS = Path("var/screenshots")


def executable() -> str:
    """Return the browser: the one that CERSBOT_BROWSER names, or Chromium; skip the test where there is none."""
    found = os.environ.get("CERSBOT_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and os.environ.get("CI"):
        pytest.fail("no browser was found, and here one has to be: install chromium")
    if found is None:
        pytest.skip("no browser was found: install chromium, or name one with CERSBOT_BROWSER")
    return found


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


@asynccontextmanager
async def page(address: str, *, dark: bool = False, phone: bool = False, scripts: bool = True) -> AsyncIterator[Page]:
    """Yield a page of a new browser; an error of a script and a request to another host fail the test."""
    wrong: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable(), args=list(ARGUMENTS))
        context = await browser.new_context(
            base_url=address,
            color_scheme="dark" if dark else "light",
            viewport={"width": 390, "height": 844} if phone else {"width": 1280, "height": 900},
            has_touch=phone,
            java_script_enabled=scripts,
        )
        context.set_default_timeout(15_000)
        made = await context.new_page()
        made.on("pageerror", lambda error: wrong.append(str(error)))
        made.on("request", lambda each: None if each.url.startswith(address) else wrong.append(each.url))
        yield made
        await context.close()
        await browser.close()
    assert wrong == []


async def sign_in(browser: Page, name: str) -> None:
    """Sign in as somebody of staff."""
    await browser.goto("/desk/sign-in")
    await browser.get_by_label("Name").fill(name)
    await browser.get_by_label("Password").fill(PASSWORD)
    await browser.get_by_role("button", name="Sign in").click()
    await browser.wait_for_url("**/desk")


async def check(browser: Page, name: str) -> None:
    """Check the page for what assistive technology would stumble over, and keep a picture of it."""
    await browser.screenshot(path=_picture(name), full_page=True)
    found = await Axe().run(browser, options={"resultTypes": ["violations"]})
    told = [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found.response["violations"]]
    assert told == [], f"{name}: {told}"
    wide = await browser.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide, f"{name} has to be moved sideways"


def _picture(name: str) -> Path:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS / f"{name}.png"
