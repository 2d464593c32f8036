"""G5 on the web: one browser that floods the chat holds up neither other chats nor the account pages."""

import asyncio
import re
import statistics
import time

import aiohttp
import pytest

from core.tables import Message
from tests.channels.web_browser import served
from tests.security.figures import Measured
from tests.world import World

QUESTION = "how long is the activation link valid?"
_HIDDEN = re.compile(r'name="(csrf|key)" value="([^"]+)"')


async def opened(session: aiohttp.ClientSession) -> dict[str, str]:
    """Open the chat; return what its form bears."""
    async with session.get("/") as answer:
        return dict(_HIDDEN.findall(await answer.text()))


def browser(address: str) -> aiohttp.ClientSession:
    """Return a browser without cookies."""
    return aiohttp.ClientSession(address, cookie_jar=aiohttp.CookieJar(unsafe=True))


@pytest.mark.prove
@pytest.mark.parametrize(("a_second", "others", "seconds"), [(1000, 20, 5)])
async def test_g5_beside_a_browser_that_floods_the_chat_others_are_answered_within_a_second(
    world: World, measured: Measured, a_second: int, others: int, seconds: int
) -> None:
    statuses: list[int] = []
    async with served(world) as address, browser(address) as flooder:
        fields = await opened(flooder)

        async def pour(number: int) -> None:
            form = {**fields, "key": f"a key of its own {number}", "text": "hello again"}
            async with flooder.post("/", data=form, allow_redirects=False) as answer:
                statuses.append(answer.status)

        async def flood() -> None:
            sent, began, pouring = 0, time.monotonic(), []
            while time.monotonic() - began < seconds:
                due = int((time.monotonic() - began) * a_second)
                pouring += [asyncio.create_task(pour(number)) for number in range(sent, due)]
                sent = max(sent, due)
                await asyncio.sleep(0.01)
            await asyncio.gather(*pouring)

        async def ask() -> list[float]:
            taken = []
            async with browser(address) as somebody:
                for _ in range(max(1, seconds - 2)):
                    form = await opened(somebody)
                    began = time.monotonic()
                    async with somebody.post("/", data={**form, "text": QUESTION}) as answer:
                        assert "30 days" in await answer.text()
                    taken.append(time.monotonic() - began)
                    await asyncio.sleep(0.5)
            return taken

        flooding = asyncio.create_task(flood())
        taken = [each for told in await asyncio.gather(*(ask() for _ in range(others))) for each in told]
        await flooding
    p95 = statistics.quantiles(taken, n=20)[-1]
    refused = sum(status == 429 for status in statuses)
    measured(
        "flooding",
        f"web chat: {len(statuses) / seconds:.0f} messages a second of one browser, {refused} refused: others' p95"
        f" {p95:.2f} s",
    )
    assert set(statuses) <= {303, 429}
    assert len([row for row in world.rows(Message) if row.text == "hello again"]) == statuses.count(303)
    assert p95 < 1.0
