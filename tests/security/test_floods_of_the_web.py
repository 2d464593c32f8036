"""G5 on the web: one browser that floods the chat holds up neither other chats nor the account pages."""

import asyncio
import json
import statistics
import sys
import time

import aiohttp
import pytest

from core.tables import Message
from tests.channels.web_browser import served
from tests.security import flooder
from tests.security.figures import Measured
from tests.world import World

QUESTION = "how long is the activation link valid?"


@pytest.mark.prove
@pytest.mark.parametrize(("a_second", "others", "seconds"), [(1000, 20, 5)])
async def test_g5_beside_a_browser_that_floods_the_chat_others_are_answered_within_a_second(
    world: World, measured: Measured, a_second: int, others: int, seconds: int
) -> None:
    async with served(world) as address:

        async def ask() -> list[float]:
            taken = []
            jar = aiohttp.CookieJar(unsafe=True)
            async with aiohttp.ClientSession(address, cookie_jar=jar) as somebody:
                for _ in range(seconds - 2):
                    async with somebody.get("/") as answer:
                        form = dict(flooder.HIDDEN.findall(await answer.text()))
                    began = time.monotonic()
                    async with somebody.post("/", data={**form, "text": QUESTION}) as answer:
                        assert "30 days" in await answer.text()
                    taken.append(time.monotonic() - began)
                    await asyncio.sleep(0.5)
            return taken

        flooding = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", flooder.__name__, address, str(a_second), str(seconds)),
            stdout=asyncio.subprocess.PIPE,
        )
        await asyncio.sleep(1.5)  # until it has begun
        taken = [each for told in await asyncio.gather(*(ask() for _ in range(others))) for each in told]
        printed, _ = await flooding.communicate()
    statuses = {int(status): number for status, number in json.loads(printed).items()}
    p95 = statistics.quantiles(taken, n=20)[-1]
    sent = sum(statuses.values())
    measured(
        "flooding",
        f"web chat: {sent / seconds:.0f} messages a second of one browser, {statuses.get(429, 0)} of {sent} refused:"
        f" others' p95 {p95:.2f} s",
    )
    assert set(statuses) <= {303, 429}
    assert len([row for row in world.rows(Message) if row.text == flooder.TEXT]) == statuses[303]
    assert p95 < 1.0
