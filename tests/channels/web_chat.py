"""Somebody who talks on the chat's page as by `tests.world.Chat`: a new service at every message, each sent twice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from httpx2 import ASGITransport, AsyncClient

from bot.channels.web.channel import WebChannel
from bot.dialogue.messages import Incoming, Picture
from core import verification
from core.database import Database
from core.tables import Base, Challenge
from tests.channels.web_page import Bubble, ChatPage
from tests.serving import app_over
from tests.world import ADDRESS, Chat, Press, Said, Wait, World, library, typed


def channel_over(world: World, database: Database, telegram: str = "") -> WebChannel:
    """Return the web channel over a database of the world, as after a restart."""
    conversations = world.conversations(database)
    return WebChannel(database, world.keys, conversations, world.clock, library, lambda: telegram)


@asynccontextmanager
async def opened(
    world: World, *, network: str = "203.0.113.7", address: str = ADDRESS, telegram: str = ""
) -> AsyncIterator[AsyncClient]:
    """Yield a browser without cookies at a service that was started for it."""
    channel = channel_over(world, world.home, telegram)
    app = app_over(world, world.home, address, chat=channel)
    service = ASGITransport(app, client=(network, 50000))
    async with AsyncClient(transport=service, base_url=address, follow_redirects=False) as client:
        yield client
        await channel.stop()


class WebChat(Chat):
    """Somebody with a browser that runs no scripts."""

    def __init__(self, world: World, *, network: str = "203.0.113.7", telegram: str = "") -> None:
        super().__init__(world, chat="", channel="web")
        self.cookies: dict[str, str] = {}
        self.page = ChatPage("")
        self.fresh: list[Bubble] = []
        self._network = network
        self._telegram = telegram
        self._seen: set[str] = set()

    async def says(self, said: Said) -> str:
        """Type, press or wait; return what appears on the page."""
        if isinstance(said, Wait):
            self.world.later(said.minutes)
            await self.world.work({"web": channel_over(self.world, self.world.home)})
            return await self.looks()
        assert not isinstance(said, Incoming), "a form holds texts alone"
        if not self.page.fields:
            await self.looks()
        await self.posts(self._form(said))
        await self.world.work()
        return self._heard()

    async def looks(self) -> str:
        """Open the page; return what is new on it."""
        async with self._browser() as browser:
            self._take((await browser.get("/")).text)
        return self._heard()

    async def posts(self, form: dict[str, str]) -> None:
        """Send a form, twice, and look at the page; the second time nothing happens."""
        async with self._browser() as browser:
            assert (await browser.post("/", data=form)).status_code == 303
            shown = (await browser.get("/")).text
        async with self._browser() as browser:
            assert (await browser.post("/", data=form)).status_code == 303
            again = (await browser.get("/")).text
        self._take(shown)
        assert [each.id for each in ChatPage(again).bubbles] == [each.id for each in self.page.bubbles]

    def rows(self, table: type[Base]) -> int:
        """Return how many rows a table has."""
        return len(self.world.rows(table))

    def _form(self, said: Said) -> dict[str, str]:
        if isinstance(said, Press):
            assert said.label in self.page.buttons, f"there is no {said.label!r} in {sorted(self.page.buttons)}"
            return self.page.buttons[said.label]
        return {**self.page.fields, "text": typed(self.world, said, self._picture())}

    @asynccontextmanager
    async def _browser(self) -> AsyncIterator[AsyncClient]:
        async with opened(self.world, network=self._network, telegram=self._telegram) as browser:
            browser.cookies.update(self.cookies)
            yield browser
            self.cookies = {each.name: each.value or "" for each in browser.cookies.jar}

    def _take(self, text: str) -> None:
        self.page = ChatPage(text)
        self.fresh = [each for each in self.page.bubbles if each.author != "person" and each.id not in self._seen]
        self._seen |= {each.id for each in self.page.bubbles}

    def _heard(self) -> str:
        return "\n".join(each.heard for each in self.fresh if each.id != "greeting")

    def _picture(self) -> Picture | None:
        shown = next((each.picture for each in reversed(self.page.bubbles) if each.picture), None)
        if shown is None:
            return None
        (challenge,) = (each for each in self.world.rows(Challenge) if each.id == int(shown.challenge))
        return Picture(shown.kind, verification.reference(challenge))
