"""What channels write, in one transaction as far as it goes: arrivals, turns of several chats, what was sent.

A transaction of one message takes nearly as long as one of four: most of it is the beginning, and the wait for the disk
at the end. So whatever waits while one is under way goes into the next together, an arrival waits a moment for its own
turn, and the thread rests as long as it worked; but what was sent is noted at once. A turn that crashes takes the
others of its transaction back with it (G1); each is then run by itself.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Generic, Protocol, TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.dialogue.messages import Delivery, Incoming, NotYet, SendFailed, Sent
from core.inbox import Arrival

logger = logging.getLogger(__name__)

AWAY = (OperationalError, InterfaceError, PoolTimeout)  # the database does not answer, or not this one time
MOST_AT_ONCE = 64
MATCHING_THREADS = 2  # while one matches a story of a hundred words, what others say is matched beside it
PAUSE_SECONDS = 0.5
GATHER_SECONDS = 0.01  # how long what could be written waits for a turn that is being prepared
LONGEST_REST = 0.01

Result = TypeVar("Result")
Prepared = TypeVar("Prepared")


class Conversing(Protocol[Prepared]):
    """What the channel needs of `bot.dialogue.conversation.Conversations`."""

    def prepare(self, incoming: Incoming) -> Prepared:
        """Return a message ready for `work`, matched."""

    def work(
        self, prepared: Sequence[Prepared], sent: Sequence[Sent] = (), arrivals: Sequence[Arrival] = ()
    ) -> list[Delivery | NotYet | None]:
        """Handle messages of different chats, note what was sent and keep what arrived, in one transaction."""

    def progress(self, delivery: Delivery) -> bool:
        """Keep how many messages of a delivery were sent; False when it is another's by now."""

    def unsent(self, delivery: Delivery, failure: SendFailed) -> None:
        """Note that the replies could not be sent."""


class Turns(Generic[Prepared]):
    """Gathers what has to be written, and writes it in a thread of its own, one transaction after the other.

    Messages are matched in other threads beside that.
    """

    def __init__(self, conversations: Conversing[Prepared]) -> None:
        """Hand messages to `conversations`."""
        self._conversations = conversations
        self._preparing = 0
        self._news = asyncio.Event()
        self._rests_until = 0.0
        self._arrivals: list[tuple[Sequence[Arrival], asyncio.Future[None]]] = []
        self._prepared: list[tuple[Prepared, asyncio.Future[Delivery | None]]] = []
        self._sent: list[Sent] = []
        self._thread = ThreadPoolExecutor(1, "turns")
        self._matching = ThreadPoolExecutor(MATCHING_THREADS, "matching")
        self._working: asyncio.Task[None] | None = None
        self._closed = False

    async def accept(self, arrivals: Sequence[Arrival]) -> None:
        """Return once the messages are in the inbox; what the database raises otherwise."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._arrivals.append((arrivals, done))
        self._work_on()
        await done

    async def receive(self, incoming: Incoming) -> Delivery | None:
        """Return what the committed turn wants sent, None when it was handled before; NotYet, or what it raised."""
        loop = asyncio.get_running_loop()
        self._preparing += 1
        try:
            prepared = await loop.run_in_executor(self._matching, self._conversations.prepare, incoming)
        finally:
            self._preparing -= 1
        done: asyncio.Future[Delivery | None] = loop.create_future()
        self._prepared.append((prepared, done))
        self._work_on()
        return await done

    def sent(self, delivery: Delivery, keyboard: str | None) -> None:
        """Note that a delivery was sent, before any later turn of its chat looks; while the database is away, later."""
        self._sent.append(Sent(delivery, keyboard))
        self._work_on()

    async def written(self) -> None:
        """Return once what was noted so far is written, or waits for the database."""
        if self._working is not None:
            await asyncio.shield(self._working)

    async def finished(self) -> None:
        """Return once everything is written, or given up because the database does not answer."""
        self._closed = True
        if self._working is not None:
            await self._working

    def close(self) -> None:
        """Give the threads back."""
        for threads in (self._thread, self._matching):
            threads.shutdown(wait=False, cancel_futures=True)

    def _work_on(self) -> None:
        self._news.set()
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())

    async def _work(self) -> None:
        """Write until there is nothing more to write."""
        while self._arrivals or self._prepared or self._sent:
            await self._gathered()
            began = time.monotonic()
            arrivals, self._arrivals = self._arrivals, []
            prepared, self._prepared = self._prepared[:MOST_AT_ONCE], self._prepared[MOST_AT_ONCE:]
            sent, self._sent = self._sent, []
            await self._write(arrivals, prepared, sent)
            ended = time.monotonic()
            self._rests_until = ended + min(ended - began, LONGEST_REST)

    async def _gathered(self) -> None:
        """Return when the thread has rested, and a turn is prepared or none will be in a moment.

        What was sent waits for neither: until it is noted, a kill would have it sent again.
        """
        await self._wait(self._rests_until - time.monotonic(), lambda: False)
        await self._wait(GATHER_SECONDS, lambda: bool(self._prepared) or not self._preparing)

    async def _wait(self, seconds: float, is_enough: Callable[[], bool]) -> None:
        until = time.monotonic() + seconds
        while not self._sent and not is_enough() and (left := until - time.monotonic()) > 0:
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._news.wait()

    async def _write(
        self,
        arrivals: "list[tuple[Sequence[Arrival], asyncio.Future[None]]]",
        prepared: "list[tuple[Prepared, asyncio.Future[Delivery | None]]]",
        sent: list[Sent],
    ) -> None:
        """Write all together; where that fails, what arrived first and then the rest one by one."""
        kept = [each for some, _ in arrivals for each in some]
        try:
            outcomes = await self._in_thread(
                lambda: self._conversations.work([each for each, _ in prepared], sent, kept)
            )
        except Exception as error:
            if bool(arrivals) + len(prepared) == 1 and not sent:
                for _, arrived in arrivals:
                    _end(arrived, error)
                for _, turned in prepared:
                    _end(turned, error)
                return
            if arrivals:
                await self._write(arrivals, [], [])
            await self._write_one_by_one(prepared, sent)
            return
        for _, arrived in arrivals:
            _end(arrived, None)
        for (_, turned), outcome in zip(prepared, outcomes, strict=True):
            _end(turned, outcome)

    async def _write_one_by_one(
        self, prepared: "list[tuple[Prepared, asyncio.Future[Delivery | None]]]", sent: list[Sent]
    ) -> None:
        """Find out what crashes; where the database fails twice running, it is not asked for each of the rest."""
        away: Exception | None = None
        if sent:
            away = await self._write_sent(sent)
        for number, (message, done) in enumerate(prepared):
            try:
                [outcome] = await self._in_thread(partial(self._conversations.work, [message]))
            except AWAY as error:
                _end(done, error)
                if away is not None:
                    for _, rest in prepared[number + 1 :]:
                        _end(rest, error)
                    return
                away = error
            except Exception as error:
                _end(done, error)
            else:
                away = None
                _end(done, outcome)

    async def _write_sent(self, sent: list[Sent]) -> Exception | None:
        try:
            await self._in_thread(lambda: self._conversations.work([], sent))
        except AWAY as error:
            logger.warning("the database does not answer; %d replies are noted as sent later", len(sent))
            if not self._closed:
                asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._sent_again, sent)
            return error
        except Exception:
            logger.exception("%d replies could not be noted as sent", len(sent))
        return None

    def _sent_again(self, sent: list[Sent]) -> None:
        self._sent += sent
        self._work_on()

    async def _in_thread(self, function: "Callable[[], Result]") -> "Result":
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)


def _end(done: "asyncio.Future[Result]", outcome: Result | Exception) -> None:
    if done.done():
        return
    if isinstance(outcome, Exception):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)
