"""A real browser, one for all tests of a process, and what every page in it is held against."""

import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# As root, and without a word to any host but this one.
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SCREENSHOTS = Path("var/screenshots")
DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
# Colours do not depend on the width of a page, nor its width on the colours: two looks meet all of both.
LOOKS: Sequence[tuple[Literal["dark", "light"], str, ViewportSize]] = (
    ("dark", "phone", PHONE),
    ("light", "desk", DESK),
)


def executable() -> str:
    """Return the browser: the one that CERSBOT_BROWSER names, or Chromium; skip the test where there is none."""
    found = os.environ.get("CERSBOT_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and os.environ.get("CI"):
        pytest.fail("no browser was found, and here one has to be: install chromium")
    if found is None:
        pytest.skip("no browser was found: install chromium, or name one with CERSBOT_BROWSER")
    return found


@asynccontextmanager
async def running() -> AsyncIterator[Browser]:
    """Yield a browser that was started for it."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=executable(), args=list(ARGUMENTS))
        yield chromium
        await chromium.close()


@asynccontextmanager
async def page(chromium: Browser, address: str, *, scripts: bool = True) -> AsyncIterator[Page]:
    """Yield a page of somebody new at the browser; an error of a script and a request to another host fail the test."""
    wrong: list[str] = []
    context = await chromium.new_context(base_url=address, viewport=DESK, java_script_enabled=scripts)
    context.set_default_timeout(15_000)
    made = await context.new_page()
    made.on("pageerror", lambda error: wrong.append(str(error)))
    made.on("request", lambda each: None if each.url.startswith(address) else wrong.append(each.url))
    try:
        yield made
    finally:
        await context.close()
    assert wrong == []


async def check(shown: Page, name: str) -> None:
    """Check the page, in the dark on a phone and in the light on a desk: nothing may be there for assistive technology
    to stumble over, nor anything wider than the screen. Keep a picture of each look.
    """
    for scheme, device, size in LOOKS:
        await shown.set_viewport_size(size)
        await shown.emulate_media(color_scheme=scheme)
        await check_as_it_is(shown, f"{name}-{scheme}-{device}")


async def check_as_it_is(shown: Page, name: str) -> None:
    """Check the page in the look that it has, and keep a picture of it."""
    await shown.screenshot(path=_picture(name), full_page=True)
    found = await Axe().run(shown, options={"resultTypes": ["violations"]})
    told = [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found.response["violations"]]
    assert told == [], f"{name}: {told}"
    wide = await shown.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide, f"{name} has to be moved sideways"


def _picture(name: str) -> Path:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS / f"{name}.png"
