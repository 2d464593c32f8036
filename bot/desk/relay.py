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
from bot.desk.staff_group import SAID_HERE
from bot.dialogue.messages import Reply, SendFailed
from bot.dialogue.staff_room import Room, TopicGone
from bot.dialogue.takeover import TO_STAFF
from core import outbox, rules, ticket_pages, topics
from core.outbox import Leased
from core.ticket_pages import TicketPage
from core.topics import News
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
            await self._room.say(notice.payload["topic"], Reply.from_json(notice.payload["reply"]))
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
        news, page, said = await self._in_transaction(lambda session: self._news(session, ticket))
        if page is not None and (said or news.is_new):
            await self._room.ready()
            news, page, said = await self._in_transaction(lambda session: self._news(session, ticket))
        if page is None:
            return
        topic = news.topic
        if topic is None:
            topic = await self._room.open_topic(ticket_card.topic_name(self._language(), page))
            await self._in_transaction(lambda session: topics.keep(session, ticket, topic))
        try:
            if news.is_new:
                clock = Clock(self._language(), self._desk.clock())
                await self._room.say(topic, ticket_card.card(self._language(), page, clock, self._address))
            if said:
                await self._room.say(topic, Reply(said))
        except TopicGone:
            await self._in_transaction(lambda session: topics.lost(session, topic))
            return
        await self._in_transaction(lambda session: topics.told(session, news))

    def _news(self, session: Session, ticket: int) -> tuple[News, TicketPage | None, str]:
        """Return what is to be told of the ticket, with its page, and as a text where there is anything to say."""
        language = self._language()
        news = topics.news(session, ticket, SAID_HERE)
        heard = topics.heard(session, ticket, news.lines, TO_STAFF)
        said = [
            *ticket_card.lines(language, news.lines, news.said_here, heard),
            *(ticket_card.undelivered(language, line) for line in news.refused),
        ]
        return news, ticket_pages.open_page(session, ticket, 0, self._desk.clock()), "\n\n".join(said)

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
