"""The worker's chats: sends the replies that nobody sent in time, and asks what was to be asked later."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from bot.dialogue.conversation import Conversations
from bot.dialogue.messages import Delivery, Sender, SendFailed
from core import follow_ups
from core.database import Database

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 1.0  # whoever takes longer to take a message is not waited for
MOST_SENDING = 100


class Chats:
    """Does what is due in the chats of some channels; any number may share one database."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        conversations: Conversations,
        senders: Mapping[str, Sender],
    ) -> None:
        """Send by `senders`, the channels of this process by name."""
        self._database = database
        self._clock = clock
        self._conversations = conversations
        self._senders = senders
        self._sending: set[asyncio.Task[None]] = set()

    async def work(self) -> bool:
        """Begin once whatever is due; return whether there was anything.

        All chats are sent to at once, and one that does not answer holds up no other, now or later.
        """
        channels = self._senders if len(self._sending) < MOST_SENDING else ()
        said = [await self._say_left_over(channel) + await self._ask_later(channel) for channel in channels]
        await self._end_sending(ANSWER_SECONDS)
        return any(said)

    async def finished(self) -> None:
        """Return once nothing is being sent."""
        while self._sending:
            await self._end_sending(None)

    def give_up(self) -> None:
        """Send no further: what is under way is sent again when its lease is over."""
        for each in self._sending:
            each.cancel()

    async def _say_left_over(self, channel: str) -> int:
        left_over = await asyncio.to_thread(self._conversations.left_over, channel)
        for delivery in left_over:
            self._begin_sending(delivery)
        return len(left_over)

    async def _ask_later(self, channel: str) -> int:
        asked = 0
        for each in await asyncio.to_thread(self._due, channel):
            try:
                delivery = await asyncio.to_thread(self._conversations.follow_up, each)
            except Exception:
                logger.exception("follow-up %s could not be asked; it stays due", each.id)
                continue
            if delivery is not None and not delivery.waits:
                self._begin_sending(delivery)
            asked += delivery is not None
        return asked

    def _due(self, channel: str) -> list[follow_ups.Due]:
        with self._database.reading() as session:
            return follow_ups.due(session, self._clock(), channel)

    def _begin_sending(self, delivery: Delivery) -> None:
        self._sending.add(asyncio.create_task(self._send(delivery)))

    async def _end_sending(self, seconds: float | None) -> None:
        if self._sending:
            done, self._sending = await asyncio.wait(self._sending, timeout=seconds)
            for each in done:
                each.result()

    async def _send(self, delivery: Delivery) -> None:
        try:
            await self._senders[delivery.channel].send(delivery)
        except SendFailed as failure:
            await asyncio.to_thread(self._conversations.unsent, delivery, failure)
        except Exception as error:
            logger.exception("the replies of outbox row %s could not be sent", delivery.owed)
            fault = SendFailed(type(error).__name__, permanent=False)
            fault.done, fault.live = delivery.done, delivery.live
            await asyncio.to_thread(self._conversations.unsent, delivery, fault)
