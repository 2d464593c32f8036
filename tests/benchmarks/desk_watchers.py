"""How quickly pages are shown anew while fifty watch, by a real server in a process of its own.

A part of `python -m tests.benchmarks.desk`, which starts this module as the server.
"""

import asyncio
import os
import random
import socket
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from bot.desk.help_desk import HelpDesk
from bot.desk.live import Hub
from bot.web.server import create_app, server
from core import staff, staff_sessions
from core.business_days import state_holidays
from core.staff import Member
from core.tickets import FIRST_NUMBER
from tests.world import World, library

WATCHERS = 50
TIMES = 5  # that each is shown the page anew
ROUNDS = 3
TICKET = 8
ANEW = {"Desk-By-Itself": "1"}


async def watched(world: World) -> float:
    """Print wall and processor time of pages shown anew while fifty watch; return the slowest of the best round."""
    database = world.database()
    members, tokens = _hired(world)
    desk = HelpDesk(database, world.keys, library, world.clock)
    worst = []
    async with _serving(world.folder) as (address, process):
        for name, path in (("a ticket", f"/desk/tickets/{TICKET + FIRST_NUMBER - 1}"), ("the queue", "/desk")):
            slowest = []
            for _ in range(ROUNDS):
                before = _processor_ms(process)
                taken = await _round(address, path, tokens, desk, members[0])
                each = (_processor_ms(process) - before) / len(taken)
                p95 = statistics.quantiles(taken, n=20)[-1]
                label = f"{WATCHERS} watch {name}"
                print(f"{label:24}{statistics.median(taken):9.1f}{p95:9.1f}{max(taken):9.1f}{each:9.1f} CPU ms a page")
                slowest.append(max(taken))
            worst.append(min(slowest))
    database.close()
    return max(worst)


async def _round(address: str, path: str, tokens: list[str], desk: HelpDesk, member: Member) -> list[float]:
    """Return in how many milliseconds each page came."""
    taken: list[float] = []
    draw = random.Random(7)
    watching = [asyncio.create_task(_watch(address, path, token, taken, draw)) for token in tokens]
    while not all(each.done() for each in watching):
        await asyncio.sleep(2.5)
        await asyncio.to_thread(desk.note, member, TICKET, "a note")
    await asyncio.gather(*watching)
    return taken


async def _watch(address: str, path: str, token: str, taken: list[float], draw: random.Random) -> None:
    """Watch as a browser does, and ask for the page a moment after each news, as its script does."""
    shown = 0
    async with aiohttp.ClientSession(address, cookies={"desk": token}) as browser, browser.get("/desk/live") as live:
        async for line in live.content:
            if not line.startswith(b"event: ticket"):
                continue
            await asyncio.sleep(0.1 + draw.random() * 1.9)
            before = time.perf_counter()
            async with browser.get(path, headers=ANEW) as answer:
                await answer.read()
                assert answer.status == 200
            taken.append((time.perf_counter() - before) * 1000)
            shown += 1
            if shown == TIMES:
                return


@asynccontextmanager
async def _serving(folder: Path) -> AsyncIterator[tuple[str, int]]:
    """Serve the desk of the world in `folder`; yield its address and the process."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    listening.close()
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", __name__, str(folder), str(port))
    address = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession() as client:
        for _ in range(600):
            try:
                async with client.get(f"{address}/healthz"):
                    break
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
    try:
        yield address, process.pid
    finally:
        process.terminate()
        await process.wait()


def _hired(world: World) -> tuple[list[Member], list[str]]:
    """Return members of staff, and the token of each who is signed in."""
    database = world.database()
    with database.transaction() as session:
        members = [staff.add(session, world.now, f"Watcher {number}") for number in range(WATCHERS)]
        tokens = [staff_sessions.begin(session, each.id, world.now) for each in members]
    database.close()
    return members, tokens


def _processor_ms(process: int) -> float:
    """Return how long a process has been at work, where the system tells; 0 where it does not."""
    kept = Path(f"/proc/{process}/stat")
    if not kept.exists():
        return 0.0
    fields = kept.read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def serve(folder: Path, port: int) -> None:
    """Serve the desk of the world in `folder` until SIGTERM."""
    world = World(folder)
    database = world.database()
    _ = library().language("en").matcher
    state_holidays(world.now.year)
    app = create_app(
        database=database,
        keys=world.keys,
        address=f"http://127.0.0.1:{port}",
        wording=lambda: library().language("en"),
        clock=world.clock,
        desk=(HelpDesk(database, world.keys, library, world.clock), Hub(database, world.clock)),
    )
    server(app, "127.0.0.1", port).run()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
