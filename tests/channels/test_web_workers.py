"""The web chat over several workers: no browser sticks to one, and what is sent at once is handled once, one by one."""

import asyncio

import aiohttp

from core import rules
from core.tables import Message
from tests.channels.web_browser import served
from tests.channels.web_page import ChatPage
from tests.databases import ON_BOTH
from tests.world import World


async def page_of(browser: aiohttp.ClientSession, address: str) -> ChatPage:
    """Open the page at one of the workers."""
    async with browser.get(address) as answer:
        return ChatPage(await answer.text())


@ON_BOTH
async def test_messages_at_once_to_two_workers_are_each_handled_once_and_one_after_the_other(world: World) -> None:
    jar = aiohttp.CookieJar(unsafe=True)
    async with served(world) as one, served(world) as two, aiohttp.ClientSession(cookie_jar=jar) as browser:
        fields = (await page_of(browser, one)).fields

        async def send(address: str, number: int) -> int:
            form = {**fields, "key": f"key number {number}", "text": f"/menu {number}"}
            async with browser.post(address, data=form) as answer:
                return answer.status

        statuses = await asyncio.gather(*(send(address, number) for number in range(6) for address in (one, two)))
        assert set(statuses) == {200}
        shown = [each.author for each in (await page_of(browser, two)).bubbles]
    assert shown == ["bot", *["person", "bot"] * 6]
    assert [row.author for row in world.rows(Message)] == ["person", "bot"] * 6


async def test_a_flood_of_one_chat_is_refused_and_holds_up_nobody(world: World) -> None:
    async with served(world) as address:
        flooding = aiohttp.ClientSession(address, cookie_jar=aiohttp.CookieJar(unsafe=True))
        other = aiohttp.ClientSession(address, cookie_jar=aiohttp.CookieJar(unsafe=True))
        fields, others = (await page_of(flooding, "/")).fields, (await page_of(other, "/")).fields

        async def flood(number: int) -> int:
            form = {**fields, "key": f"key number {number}", "text": "/menu"}
            async with flooding.post("/", data=form, allow_redirects=False) as answer:
                return answer.status

        flood_of = [asyncio.create_task(flood(number)) for number in range(60)]
        async with other.post("/", data={**others, "text": "/menu"}) as answer:
            assert answer.status == 200
            assert "What can I do for you?" in await answer.text()
        statuses = await asyncio.gather(*flood_of)
        await flooding.close()
        await other.close()
    assert statuses.count(303) >= rules.WEB_MESSAGES_WAITING
    assert statuses.count(429) + statuses.count(303) == 60
    assert statuses.count(429) > 0
