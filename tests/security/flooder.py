"""One browser that floods the web chat from a process of its own: `python -m tests.security.flooder URL RATE SECONDS`.

It prints how many of its messages were answered with which status, as a JSON object.
"""

import asyncio
import json
import re
import sys
import time
from collections import Counter

import aiohttp

HIDDEN = re.compile(r'name="(csrf|key)" value="([^"]+)"')
TEXT = "hello again"


async def main(address: str, a_second: int, seconds: int) -> None:
    """Flood, and print what came of it."""
    statuses: Counter[int] = Counter()
    connector = aiohttp.TCPConnector(limit=200)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(address, cookie_jar=jar, connector=connector) as session:
        async with session.get("/") as answer:
            fields = dict(HIDDEN.findall(await answer.text()))

        async def pour(number: int) -> None:
            form = {**fields, "key": f"a key of its own {number}", "text": TEXT}
            async with session.post("/", data=form, allow_redirects=False) as answer:
                statuses[answer.status] += 1

        sent, began, pouring = 0, time.monotonic(), []
        while time.monotonic() - began < seconds:
            due = int((time.monotonic() - began) * a_second)
            pouring += [asyncio.create_task(pour(number)) for number in range(sent, due)]
            sent = max(sent, due)
            await asyncio.sleep(0.01)
        await asyncio.gather(*pouring)
    print(json.dumps(statuses))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
