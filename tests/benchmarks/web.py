"""How soon the web chat gives its first answer while fifty chats go on at once, over HTTP on loopback.

    python -m tests.benchmarks.web [chats [database URL]]

Starts `cersbot run` on an empty database (SQLite in a folder of its own unless another is named), lets so many browsers
without scripts open the page and send their first message in the same instant, five times, then lets them talk on as
people do, and prints a table of milliseconds: from sending to the whole page with the answer; and what of the processor
an answer took. Status 1 when the 95th percentile of the first answers passes 300 ms in the best of the five: the others
say what else the machine had to do.
"""

import asyncio
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

CHATS, BURSTS, ROUNDS = 50, 5, 5
SLOW_MS = 300.0
THINKING_SECONDS = (1.0, 4.0)
QUESTIONS = (
    "I never got the activation mail",
    "I forgot my username",
    "my password does not work any more",
    "somebody left the company, who gets their facility?",
    "what may a username look like?",
    "how long does the activation link work?",
    "which browser do I need?",
    "who is my regulator in Fresno county?",
)
_HIDDEN = re.compile(r'name="(csrf|key)" value="([^"]+)"')


@dataclass
class Visitor:
    """A browser without scripts."""

    session: aiohttp.ClientSession
    fields: dict[str, str] = field(default_factory=dict)
    bytes_of_page: int = 0

    async def open(self) -> float:
        """Open the page; return the milliseconds that took."""
        before = time.perf_counter()
        async with self.session.get("/") as answer:
            self._take(await answer.text())
        return (time.perf_counter() - before) * 1000

    async def say(self, text: str) -> float:
        """Send a message; return the milliseconds to the whole page with the answer."""
        before = time.perf_counter()
        async with self.session.post("/", data={**self.fields, "text": text}) as answer:
            assert answer.status == 200, answer.status
            page = await answer.text()
        taken = (time.perf_counter() - before) * 1000
        assert page.count('class="bot"') > 1, "no answer"
        self._take(page)
        return taken

    def _take(self, page: str) -> None:
        self.fields = dict(_HIDDEN.findall(page))
        self.bytes_of_page = len(page.encode())


async def main(chats: int, url: str) -> int:
    """Measure, print the table, and return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        address, process = _started(url or f"sqlite:///{folder}/web.db")
        try:
            await _until_ready(address)
            print(f"{f'{chats} chats at once':34}{'median':>9}{'p95':>9}{'slowest':>9}")
            before = _processor_ms(process.pid)
            bursts = [await _burst(address, burst, chats) for burst in range(BURSTS)]
            burnt = (_processor_ms(process.pid) - before) / (BURSTS * chats)
            await _conversations(address, chats)
            print(f"first answers, best burst: p95 {min(bursts):.0f} ms; the processor's time of one: {burnt:.1f} ms")
        finally:
            process.terminate()
            process.wait()
    return 1 if min(bursts) > SLOW_MS else 0


async def _burst(address: str, burst: int, chats: int) -> float:
    """Let new visitors send their first message in one instant; return the 95th percentile of the answers."""
    visitors = [_visitor(address, burst, number) for number in range(chats)]
    draw = random.Random(burst)
    _show("page, one after the other", [await each.open() for each in visitors])
    first = await asyncio.gather(*(each.say(draw.choice(QUESTIONS)) for each in visitors))
    _show("first answer, all in one instant", first)
    for each in visitors:
        await each.session.close()
    return _p95(first)


async def _conversations(address: str, chats: int) -> None:
    """Let people talk, each at their own pace."""
    visitors = [_visitor(address, BURSTS, number) for number in range(chats)]
    for each in visitors:
        await each.open()
    talks = await asyncio.gather(*(_talk(each) for each in visitors))
    _show("answers, as people talk", [ms for talk in talks for ms in talk])
    print(f"largest page: {max(each.bytes_of_page for each in visitors):,} bytes")
    for each in visitors:
        await each.session.close()


def _visitor(address: str, burst: int, number: int) -> Visitor:
    """Return a browser on a network of its own."""
    jar, network = aiohttp.CookieJar(unsafe=True), {"X-Forwarded-For": f"203.0.{113 + burst}.{number}"}
    return Visitor(aiohttp.ClientSession(address, cookie_jar=jar, headers=network))


def _show(name: str, taken: Sequence[float]) -> None:
    print(f"{name:34}{statistics.median(taken):9.0f}{_p95(taken):9.0f}{max(taken):9.0f}")


def _processor_ms(pid: int) -> float:
    """Return what a process has taken of the processor so far (Linux), its pages included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


async def _talk(visitor: Visitor) -> list[float]:
    draw = random.Random(id(visitor))
    taken = []
    for _ in range(ROUNDS):
        await asyncio.sleep(draw.uniform(*THINKING_SECONDS))
        taken.append(await visitor.say(draw.choice(QUESTIONS)))
    return taken


def _started(url: str) -> tuple[str, "subprocess.Popen[bytes]"]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = {"CERSBOT_DATABASE_URL": url, "CERSBOT_PORT": str(port), "CERSBOT_SECRET_KEY": "k" * 40}
    if url.startswith("postgresql"):
        subprocess.run([sys.executable, "-m", "bot", "migrate"], env=os.environ | own, check=True)
    process = subprocess.Popen([sys.executable, "-m", "bot", "run"], env=os.environ | own, stderr=subprocess.DEVNULL)
    return f"http://127.0.0.1:{port}", process


async def _until_ready(address: str) -> None:
    async with aiohttp.ClientSession(address) as session:
        for _ in range(600):
            try:
                async with session.get("/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise TimeoutError("the service does not begin")


def _p95(taken: Sequence[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1]


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(asyncio.run(main(int(given[0]) if given else CHATS, given[1] if len(given) > 1 else "")))
