"""How updates come in: committed to the inbox before they are confirmed to Telegram (G1).

Telegram forgets an update once the next getUpdates asks for what follows it. The library's own Updater asks as soon as
the updates are queued in memory, and puts them there one by one. This loop asks only when a whole batch, up to 100, is
committed in one transaction, and takes the updates as JSON, so that one that cannot be read does not stop the others.
Of several processes on one database one asks, by a lease; the others wait instead of fighting for the updates.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from telegram import Bot, Update
from telegram.error import Conflict, RetryAfter, TelegramError

from bot.channels.telegram.reading import ALLOWED_UPDATES, CHANNEL, read
from bot.channels.telegram.stopping import LONGEST_PAUSE, is_stopped_within
from bot.channels.telegram.transport import AiohttpRequest, seconds_to_wait
from bot.dialogue.messages import Incoming
from core.inbox import Arrival

logger = logging.getLogger(__name__)

POLL_SECONDS = 10  # Telegram answers at the latest then
SLACK_SECONDS = 5
WITHOUT_LEASE_SECONDS = 1.0

_CORE = {
    *ALLOWED_UPDATES,
    "update_id",
    "message_id",
    "id",
    "date",
    "chat",
    "chat_instance",
    "from",
    "text",
    "caption",
    "data",
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Message:
    """An update that has been read, and what it says to the bot, if anything."""

    update: Update
    incoming: Incoming | None


class Intake:
    """Takes updates and hands them on once they are in the inbox: from then on they may be lost from memory."""

    def __init__(
        self,
        bot: Bot,
        request: AiohttpRequest,
        commit: Callable[[Sequence[Arrival]], Awaitable[None]],
        hand_on: Callable[[Message], asyncio.Event | None],
        look_for: Callable[[str], None],
    ) -> None:
        """Ask Telegram by `request`; `commit` puts arrivals into the inbox, `hand_on` queues a message.

        `look_for` takes up what of a chat could not be queued when it was handed on, and is in the inbox now.
        """
        self._bot = bot
        self._request = request
        self._commit = commit
        self._hand_on = hand_on
        self._look_for = look_for
        self.staff_chat = ""  # the group in whose topics everything is for the bot
        self._stopping = asyncio.Event()

    def message(self, arrival: Arrival) -> Message | None:
        """Return what was kept in the inbox; None when it cannot be read any more."""
        return self._message(json.loads(arrival.payload))

    async def accept(self, raw: Sequence[dict[str, Any]]) -> list[asyncio.Event] | None:
        """Hand the updates on and commit them; return what says when each is done.

        They are matched while they are committed, and a turn goes into the same transaction as its message where it
        can. It never raises: a failing database is tried again, and nothing is confirmed meanwhile. None when the
        intake was stopped before it succeeded.
        """
        messages = [(each, message) for each in raw if (message := self._message(each)) is not None]
        arrivals = [
            Arrival(CHANNEL, message.incoming.key, message.incoming.chat, json.dumps(each).encode())
            for each, message in messages
            if message.incoming is not None
        ]
        handed = [(message, self._hand_on(message)) for _, message in messages]
        pause = 0.1
        while arrivals and not await self._is_committed(arrivals):
            if await is_stopped_within(self._stopping, pause):
                return None
            pause = min(2 * pause, LONGEST_PAUSE)
        for message, done in handed:
            if message.incoming is not None and done is not None and done.is_set():
                self._look_for(message.incoming.chat)
        return [done for _, done in handed if done is not None]

    async def poll(self, may_poll: Callable[[], Awaitable[bool]]) -> None:
        """Ask Telegram for updates until stopped, whenever `may_poll`; what goes wrong is logged and tried again."""
        offset = 0
        pause = 0.0
        while not await is_stopped_within(self._stopping, pause):
            if not await may_poll():
                offset, pause = 0, WITHOUT_LEASE_SECONDS
                continue
            try:
                batch = await self._unless_stopped(self._updates(offset, POLL_SECONDS))
            except RetryAfter as error:
                pause = seconds_to_wait(error)
            except Conflict:
                logger.warning("another program takes this bot's updates: run one, or take a token of its own")
                pause = SLACK_SECONDS
            except TelegramError as error:
                logger.warning("no updates from Telegram: %s", error.message)
                pause = min(max(1.0, 2 * pause), LONGEST_PAUSE)
            except Exception:
                logger.exception("what came instead of updates is not the Bot API's")
                pause = LONGEST_PAUSE
            else:
                pause = 0.0
                if batch and await self.accept(batch) is not None:
                    offset = int(batch[-1]["update_id"]) + 1
                elif not batch:
                    offset = 0  # all is confirmed; after a week's silence Telegram begins with another number
        if offset:
            await self._confirm(offset)

    def stop(self) -> None:
        """Let `poll` and `accept` end; what they have not committed, Telegram keeps."""
        self._stopping.set()

    def _message(self, raw: dict[str, Any]) -> Message | None:
        """Return the update and what it says to the bot; None when it cannot be read at all."""
        for tried in (raw, _bare(raw)):
            try:
                update = Update.de_json(tried, self._bot)
                return Message(update, read(update, self._bot.bot, self.staff_chat))
            except Exception:
                logger.exception("update %s is of a shape that is not known", raw.get("update_id"))
        return None

    async def _is_committed(self, arrivals: list[Arrival]) -> bool:
        try:
            await self._commit(arrivals)
        except Exception:
            logger.exception("updates could not be written to the inbox; Telegram keeps them, and they are tried again")
            return False
        return True

    async def _updates(self, offset: int, wait: int) -> list[dict[str, Any]]:
        asked = {"offset": str(offset), "timeout": str(wait), "allowed_updates": json.dumps(ALLOWED_UPDATES)}
        answer = await self._request.call(self._bot.base_url, "getUpdates", asked, wait + SLACK_SECONDS)
        return answer if isinstance(answer, list) else []

    async def _confirm(self, offset: int) -> None:
        """Confirm the last batch, so that the next start does not get it again; it could, and would know it."""
        try:
            await asyncio.wait_for(self._updates(offset, 0), timeout=1.0)
        except (TelegramError, TimeoutError):
            logger.info("the last updates were not confirmed; they will come again and be known")

    async def _unless_stopped(self, asking: Awaitable[list[T]]) -> list[T]:
        """Return what is asked for, or nothing as soon as the intake is stopped."""
        asked = asyncio.ensure_future(asking)
        stopped = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({asked, stopped}, return_when=asyncio.FIRST_COMPLETED)
            return asked.result() if asked.done() else []
        finally:
            stopped.cancel()
            asked.cancel()


def _bare(content: dict[str, Any]) -> dict[str, Any]:
    """Return as much of an update as tells who said something, and what if it is text or a button."""
    return {
        name: _bare(value) if name in ALLOWED_UPDATES else value for name, value in content.items() if name in _CORE
    }
