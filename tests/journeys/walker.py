"""Somebody with a real browser who walks through the account pages, reads their mail and follows its links."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.async_api import Page

from bot.delivery.post import KeptLetter
from bot.web.server import create_app, server
from core import verification
from core.tables import Challenge
from tests.desk import browser
from tests.world import World, library

PASSWORD = "Blue4Heron"
NEW = {
    "Username": "annlee1",
    "First name": "Ann",
    "Last name": "Lee",
    "E-mail address": "ann.lee@example.org",
    "E-mail address, once more": "ann.lee@example.org",
    "Password": PASSWORD,
    "Password, once more": PASSWORD,
    "Password protection phrase": "the heron reads",
}


@dataclass(frozen=True)
class Kept:
    """The development mailbox of a world."""

    world: World

    def letters(self) -> Sequence[KeptLetter]:
        """Return what arrived."""
        return self.world.letterbox.letters


@asynccontextmanager
async def served(world: World) -> AsyncIterator[str]:
    """Serve the pages on loopback over the world's database; yield their address."""
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    database = world.database()
    app = create_app(
        database=database,
        keys=world.keys,
        address=address,
        wording=lambda: library().language("en"),
        clock=world.clock,
        letters=Kept(world),
    )
    running = server(app, "127.0.0.1", 0)
    serving = asyncio.create_task(running.serve(sockets=[listening]))
    try:
        yield address
    finally:
        running.should_exit = True
        await serving
        database.close()


class Walker:
    """One person at one browser."""

    def __init__(self, world: World, page: Page, looks: str) -> None:
        self.world = world
        self.page = page
        self._looks = looks

    async def opens(self, path: str) -> None:
        """Open a page."""
        await self.page.goto(path)

    async def fills(self, fields: Mapping[str, str]) -> None:
        """Type into fields by their labels."""
        for label, text in fields.items():
            await self.page.get_by_label(label, exact=True).fill(text)

    async def types_characters(self, *, wrong: bool = False) -> None:
        """Type what stands in the picture, is heard, or was mailed."""
        await self.page.locator("#characters").fill("333333" if wrong else await self.characters())

    async def characters(self) -> str:
        """Return what is to be typed."""
        source = await self.page.locator("#verification [src]").first.get_attribute("src")
        kind = "characters" if ".png" in (source or "") else "spoken"
        number = int((source or "").rpartition("=")[2])
        (challenge,) = (each for each in self.world.rows(Challenge) if each.id == number)
        return verification.shown(self.world.keys, kind, verification.reference(challenge))

    async def presses(self, name: str) -> None:
        """Press a button and wait for the page that follows."""
        async with self.page.expect_navigation():
            await self.page.get_by_role("button", name=name, exact=True).click()

    async def follows(self, name: str) -> None:
        """Follow a link of the page."""
        await self.page.locator("main").get_by_role("link", name=name, exact=True).click()
        await self.page.wait_for_load_state()

    async def reads(self, *parts: str) -> None:
        """Find these texts on the page."""
        shown = " ".join((await self.page.locator("main").inner_text()).split())
        for part in parts:
            assert part in shown, f"expected {part!r}, on the page: {shown}"

    async def gets(self, subject: str) -> KeptLetter:
        """Return the letter that comes now, which has this subject."""
        before = len(self.world.letterbox.mails)
        await self.world.work()
        came = self.world.letterbox.letters[before:]
        assert [letter.subject for letter in came] == [subject]
        return came[0]

    async def follows_letter(self, letter: KeptLetter, purpose: str) -> None:
        """Open the link in a letter."""
        (link,) = re.findall(rf"https?://\S+/{purpose}/\S+", letter.body)
        await self.opens(urlsplit(link).path)

    async def looks(self, name: str) -> None:
        """Check the page for what assistive technology would stumble over, and keep a picture of it."""
        await browser.check(self.page, f"{name}-{self._looks}")

    async def registers(self, **other: str) -> None:
        """Fill in the form of a new account and send it."""
        await self.opens("/account/create")
        await self.fills(NEW | other)
        await self.types_characters()
        await self.page.get_by_label("I agree to these Conditions of Use").check()
        await self.presses("Create my account")

    async def signs_in(self, username: str, password: str = PASSWORD) -> None:
        """Sign in, in both steps."""
        await self.opens("/account/sign-in")
        await self.fills({"Username": username})
        await self.presses("Next")
        await self.fills({"Password": password})
        await self.presses("Sign in")

    async def is_active(self) -> None:
        """Have an active account."""
        await self.registers()
        await self.follows_letter(await self.gets("Activate your account"), "activate")
        await self.presses("Activate my account")
        await self.gets("Your account is active")


@asynccontextmanager
async def walking(
    world: World, *, dark: bool = False, phone: bool = False, scripts: bool = True
) -> AsyncIterator[Walker]:
    """Yield somebody at a new browser."""
    looks = f"{'dark' if dark else 'light'}-{'phone' if phone else 'desktop'}"
    async with (
        served(world) as address,
        browser.page(address, dark=dark, phone=phone, scripts=scripts) as page,
    ):
        yield Walker(world, page, looks)
