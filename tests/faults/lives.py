"""The service in processes that kill themselves (SIGKILL) at points drawn from a seed, one life after another.

    python -m tests.faults.lives BASE_URL DATABASE_URL SEED KILLS

A point is a statement of the database, a commit (before and after), a request to Telegram (before and after): whatever
changes state. The last life has no such point and ends with the process. Prints a line for each life.
"""

import asyncio
import os
import random
import signal
import sys
from threading import Lock
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from bot.channels.telegram.transport import AiohttpRequest
from core import rules
from core.database import Database
from tests.faults.telegram_service import made, worker_of
from tests.world import library

# Of the points that a life passes few are before its first messages, most in the midst of them.
EARLIEST, LATEST = 1, 150


class Fuse:
    """Counts points, and kills the process at one of them."""

    def __init__(self, lasts: int) -> None:
        """Let so many points pass; none but them where it is 0."""
        self._lasts = lasts
        self._passed = 0
        self._lock = Lock()

    def pass_point(self, *_: object) -> None:
        """Pass a point, or die there."""
        with self._lock:
            self._passed += 1
            if self._passed == self._lasts:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, engine: Engine) -> None:
        """Take every statement and commit for a point."""
        event.listen(engine, "before_cursor_execute", self.pass_point)
        event.listen(engine, "commit", self.pass_point)
        event.listen(Session, "after_commit", self.pass_point)


def watch_requests(fuse: Fuse, patch: pytest.MonkeyPatch) -> None:
    """Take every request to Telegram for two points."""
    request = AiohttpRequest.do_request

    async def do_request(self: AiohttpRequest, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        fuse.pass_point()
        answer = await request(self, *args, **kwargs)
        fuse.pass_point()
        return answer

    patch.setattr(AiohttpRequest, "do_request", do_request)


async def live(base_url: str, url: str, fuse: Fuse) -> None:
    """Run until killed."""
    database = Database(url)
    fuse.watch(database.engine)
    watch_requests(fuse, pytest.MonkeyPatch())
    service = made(base_url, database)
    await service.channel.start()
    await worker_of(service).run()


def main(base_url: str, url: str, seed: int, kills: int) -> None:
    """Live and die."""
    pytest.MonkeyPatch().setattr(rules, "LEASE_SECONDS", 2)
    library().language("en").matcher.match("hello")
    rng = random.Random(seed)
    for number in range(kills + 1):
        lasts = rng.randint(EARLIEST, LATEST) if number < kills else 0
        process = os.fork()
        if not process:
            asyncio.run(live(base_url, url, Fuse(lasts)))
        _, status = os.waitpid(process, 0)
        print(f"life {number}: {lasts} points, signal {os.WTERMSIG(status)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
