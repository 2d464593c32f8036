"""Somebody with a real browser who walks through the account pages, reads their mail and follows its links."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page

from bot.delivery.post import KeptLetter
from core import verification
from core.tables import Challenge
from tests import browser
from tests.channels.web_chat import channel_over
from tests.serving import app_over, on_loopback
from tests.world import World

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
    database = world.database()
    chat = channel_over(world, database)
    async with on_loopback(
        lambda address: app_over(world, database, address, letters=Kept(world), chat=chat), chat.news.close
    ) as address:
        yield address
    await chat.stop()
    database.close()


class Walker:
    """One person at one browser."""

    def __init__(self, world: World, page: Page) -> None:
        self.world = world
        self.page = page

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
        """Check the page for what assistive technology would stumble over, and keep pictures of it."""
        await browser.check(self.page, name)

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
    chromium: Browser, world: World, *, scripts: bool = True, locale: str = "en-US"
) -> AsyncIterator[Walker]:
    """Yield somebody new at the browser."""
    async with (
        served(world) as address,
        browser.page(chromium, address, scripts=scripts, locale=locale) as page,
    ):
        yield Walker(world, page)
