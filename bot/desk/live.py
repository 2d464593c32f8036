"""Live updates: one look at the database a second for all who watch, told to browsers as server-sent events."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from bot.desk.shared import Shared
from bot.desk.site import DeskSite
from core import ticket_history, ticket_pages
from core.database import Database
from core.ticket_pages import Writers
from core.tickets import number_of

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
COMMENT_SECONDS = 20  # a proxy takes a silent connection for a dead one
LONGEST_SECONDS = 600  # the browser then asks again, and shows who it is again

AGAIN = 200  # lines: PostgreSQL gives out an id before its line is there, and one with a higher id may be there first
AT_ONCE = 1000


@dataclass
class News:
    """What has changed: ids of tickets, and who is writing in each."""

    tickets: list[int] = field(default_factory=list)
    writers: Writers = field(default_factory=dict)


class Hub:
    """Looks for news while anybody watches, and hands it to every one of them."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        """Look into `database`."""
        self._database = database
        self._clock = clock
        self.shared = Shared()  # what is shown of the news
        self._watching: set[asyncio.Queue[News | None]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._closed = False
        self._last = 0
        self._seen: set[int] = set()  # lines of histories that were told, of those that are looked at again
        self._writers: Writers = {}

    async def watch(self) -> AsyncIterator[News | None]:
        """Yield news as it comes; None when nothing came for a while."""
        if self._closed:
            return
        queue: asyncio.Queue[News | None] = asyncio.Queue(100)
        self._watching.add(queue)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_on(), name="desk news")
        try:
            while True:
                try:
                    async with asyncio.timeout(COMMENT_SECONDS):
                        news = await queue.get()
                except TimeoutError:
                    yield None
                    continue
                if news is None:
                    return
                yield news
        finally:
            self._watching.discard(queue)

    def close(self) -> None:
        """Let everybody who watches go, and whoever comes now: the service stops."""
        self._closed = True
        for queue in self._watching:
            if queue.full():  # by somebody who is slow
                queue.get_nowait()
            queue.put_nowait(None)

    async def _look_on(self) -> None:
        look = self._begin
        while self._watching:
            try:
                news = await asyncio.to_thread(look)
            except Exception:
                logger.exception("the desk could not look for news")
            else:
                look = self._look
                self._tell(news)
            await asyncio.sleep(LOOK_SECONDS)

    def _tell(self, news: News) -> None:
        if news.tickets or news.writers:
            self.shared.forget()
            for queue in self._watching:
                with suppress(asyncio.QueueFull):
                    queue.put_nowait(news)

    def _begin(self) -> News:
        """Take what happened so far for known."""
        with self._database.reading() as session:
            self._last = ticket_history.newest(session)
            self._seen = {line for line, _ in ticket_history.since(session, self._last - AGAIN, AT_ONCE)}
        return News()

    def _look(self) -> News:
        with self._database.reading() as session:
            lines = ticket_history.since(session, self._last - AGAIN, AT_ONCE)
            writers = ticket_pages.all_writers(session, self._clock())
        changed = {
            ticket: writers.get(ticket, ())
            for ticket in writers.keys() | self._writers.keys()
            if writers.get(ticket) != self._writers.get(ticket)
        }
        tickets = [ticket for line, ticket in lines if line not in self._seen]
        if lines:
            self._last = lines[-1][0]
        self._seen = {line for line, _ in lines if line > self._last - AGAIN}
        self._writers = writers
        return News(list(dict.fromkeys(tickets)), changed)


def routes(site: DeskSite, hub: Hub) -> list[Route]:
    """Return the route /desk/live."""

    async def live(request: Request) -> Response:
        signed_in = await run_in_threadpool(site.who_watches, request)
        if signed_in is None:
            return Response(status_code=401)
        return StreamingResponse(
            _events(site, hub, signed_in.session),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
        )

    return [Route("/desk/live", live)]


async def _events(site: DeskSite, hub: Hub, session: int) -> AsyncIterator[str]:
    """Yield what a browser is told until its session is over; that is looked at in busy times as in quiet ones."""
    yield "retry: 2000\n\n"
    clock = asyncio.get_running_loop().time
    end, looked = clock() + LONGEST_SECONDS, clock()
    async for news in hub.watch():
        if news is None or clock() >= looked + COMMENT_SECONDS:
            if not await run_in_threadpool(site.lasts, session):
                return
            looked = clock()
        if news is None:
            yield ": still here\n\n"
        for ticket in news.tickets if news else ():
            yield f"event: ticket\ndata: {number_of(ticket)}\n\n"
        for ticket, names in news.writers.items() if news else ():
            yield f"event: writers\ndata: {json.dumps({'ticket': number_of(ticket), 'names': names})}\n\n"
        if clock() > end:
            return
