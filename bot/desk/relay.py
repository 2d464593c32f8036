"""The relay: tells the staff's group what happens to tickets, a topic each, as fast as the group may be spoken to.

What waits meanwhile is told together. Of several processes on one database one tells, by a lease; a crash repeats at
most the message that was under way.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from bot.desk import ticket_card
from bot.desk.clock import Clock
from bot.desk.help_desk import HelpDesk
from bot.desk.telling import Telling, telling
from bot.dialogue.messages import Copied, Reply, SendFailed
from bot.dialogue.staff_room import Room, TopicGone
from core import outbox, rules, topics
from core.outbox import Leased
from knowledge.library import Language

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
PAUSE_SECONDS = 5.0
REFUSED_SECONDS = 60.0

Result = TypeVar("Result")


class Relay:
    """Tells one group; any number of processes may have one."""

    def __init__(self, desk: HelpDesk, room: Room, address: str) -> None:
        """Tell `room` of the tickets of `desk`; `address` is that of the service's pages."""
        self._desk = desk
        self._room = room
        self._address = address
        self._stopping = asyncio.Event()
        self._read_up_to = 0
        self._not_before: dict[int, float] = {}  # tickets of which the group refuses the news
        self._quiet_until = 0.0

    async def run(self) -> None:
        """Tell again and again until stopped; a fault is logged, and what was not told is told later."""
        while not self._stopping.is_set():
            try:
                busy = await self.work()
            except Exception:
                logger.exception("the staff's group could not be told; it is tried again")
                busy = False
            if not busy:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), LOOK_SECONDS)
        await self._room.leave()

    def stop(self) -> None:
        """Let `run` end with the ticket of which it is telling."""
        self._stopping.set()

    async def work(self) -> bool:
        """Tell once whatever is new; return whether there was anything."""
        if time.monotonic() < self._quiet_until or not await self._room.is_ours():
            return False
        try:
            answered = await self._answer()
            return await self._tell() or answered
        except SendFailed as failed:
            self._quiet_until = time.monotonic() + (failed.retry_after or PAUSE_SECONDS)
            logger.warning("the staff's group takes nothing now: %s", failed)
            return False

    async def _answer(self) -> bool:
        """Say what staff are to be told of what they have just done."""
        notices = await self._in_transaction(self._due)
        for notice in notices:
            await self._say(notice)
        return bool(notices)

    async def _say(self, notice: Leased) -> None:
        try:
            if notice.payload["remove"]:
                await self._room.remove(notice.payload["remove"])
            reply = Reply.from_json(notice.payload["reply"])
            if reply.copied is not None:
                await self._copy(notice.payload["topic"], reply.copied)
            else:
                await self._room.say(notice.payload["topic"], reply)
        except SendFailed as failed:
            why = failed
            await self._in_transaction(lambda session: self._unsaid(session, notice, why))
            if not failed.permanent:
                raise
        else:
            await self._in_transaction(lambda session: self._said(session, notice, "sent"))

    async def _tell(self) -> bool:
        told = False
        for ticket in await asyncio.to_thread(self._waiting):
            if time.monotonic() < self._not_before.get(ticket, 0.0):
                continue
            if self._stopping.is_set() or not await self._room.is_ours():
                break
            try:
                await self._tell_of(ticket)
                told = True
            except SendFailed as failed:
                if not failed.permanent:
                    raise
                logger.warning("the staff's group refuses news of ticket row %s: %s", ticket, failed)
                self._not_before[ticket] = time.monotonic() + REFUSED_SECONDS
        return told

    async def _tell_of(self, ticket: int) -> None:
        """Tell of one ticket all that is new at the moment at which the group takes another message."""
        told = await self._telling(ticket)
        if told is not None and told.is_any:
            await self._room.ready()
            told = await self._telling(ticket)
        if told is None:
            return
        topic = told.news.topic
        if topic is None:
            topic = await self._room.open_topic(ticket_card.topic_name(self._language(), told.page))
            await self._in_transaction(lambda session: topics.keep(session, ticket, topic))
        try:
            await self._say_all(topic, told)
        except TopicGone:
            await self._in_transaction(lambda session: topics.lost(session, topic))
            return
        await self._in_transaction(lambda session: self._told(session, topic, told))

    def _told(self, session: Session, topic: int, told: Telling) -> None:
        """Note that it was told; what the person sent follows, each for itself, so that nothing else is repeated."""
        topics.told(session, told.news)
        for copied in told.files:
            payload = {"topic": topic, "reply": Reply("", copied=copied).to_json(), "remove": ""}
            outbox.owe_notice(session, payload, self._desk.clock())

    async def _say_all(self, topic: int, told: Telling) -> None:
        """Say it; the topic is closed and opened with the ticket first, because that can be repeated unseen."""
        if told.is_resolved is not told.news.closed:
            await self._room.set_closed(topic, closed=told.is_resolved)
            ticket, closed = told.news.ticket, told.is_resolved
            await self._in_transaction(lambda session: topics.keep_closed(session, ticket, closed=closed))
        if told.news.is_new:
            clock = Clock(self._language(), self._desk.clock())
            await self._room.say(topic, ticket_card.card(self._language(), told.page, clock, self._address))
        if told.said is not None:
            await self._room.say(topic, told.said)

    async def _copy(self, topic: int, copied: Copied) -> None:
        """Copy what the person sent; where that cannot be, say so: its line stands in the topic already."""
        language = self._language()
        if copied.channel != self._room.channel:
            await self._room.say(topic, Reply(language.desk.markdown("group_file_elsewhere", {})))
            return
        try:
            await self._room.copy(topic, copied, language.desk_text("group_file"))
        except SendFailed as failed:
            if isinstance(failed, TopicGone) or not failed.permanent:
                raise
            await self._room.say(topic, Reply(language.desk.markdown("group_file_lost", {"why": str(failed)})))

    async def _telling(self, ticket: int) -> Telling | None:
        return await self._in_transaction(
            lambda session: telling(session, self._language(), ticket, self._desk.clock())
        )

    def _waiting(self) -> list[int]:
        """Return the tickets with news; lines before which everything was told are not read again."""
        with self._desk.database.reading() as session:
            found = topics.waiting(session, self._read_up_to)
            settled = topics.settled_line(session, self._read_up_to, self._desk.clock())
        self._read_up_to = min([settled, *(line - 1 for line in found.values() if line)])
        return list(found)

    def _due(self, session: Session) -> list[Leased]:
        return outbox.lease_due(session, outbox.NOTICE, self._desk.clock())

    def _said(self, session: Session, notice: Leased, outcome: str) -> None:
        outbox.settle(session, notice.id, notice.lease, outcome, self._desk.clock())

    def _unsaid(self, session: Session, notice: Leased, failed: SendFailed) -> None:
        if failed.permanent:
            self._said(session, notice, f"refused: {failed}")
        else:
            seconds = failed.retry_after or rules.REPLY_RETRY_SECONDS
            due_at = self._desk.clock() + timedelta(seconds=seconds)
            outbox.postpone(session, notice.id, notice.lease, due_at, str(failed))

    def _language(self) -> Language:
        return self._desk.library().language("en")

    async def _in_transaction(self, work: Callable[[Session], Result]) -> Result:
        def done() -> Result:
            with self._desk.database.transaction() as session:
                return work(session)

        return await asyncio.to_thread(done)
