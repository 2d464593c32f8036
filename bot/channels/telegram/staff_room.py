"""The staff's group on Telegram: opens topics and speaks in them, as fast as a group may be spoken to."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from telegram import Bot, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.constants import ForumTopicLimit, ParseMode
from telegram.error import TelegramError

from bot.channels.markup import label
from bot.channels.telegram.reading import CHANNEL
from bot.channels.telegram.sending import failure, parts, rows
from bot.dialogue.messages import Copied, Reply, SendFailed
from bot.dialogue.staff_room import TopicGone
from core.process_lease import ProcessLease

_IS_SO_ALREADY = "topic_not_modified"
_GONE = ("thread not found", "topic_deleted", "topic_id_invalid")


class StaffRoom:
    """Speaks in one group by a bot that may manage its topics."""

    def __init__(
        self,
        bot: Bot,
        chat: str,
        lease: ProcessLease,
        wait: Callable[[int], Awaitable[float]],
        pace: Callable[[], Awaitable[None]],
    ) -> None:
        """Speak in `chat`, as long as this process has the `lease`.

        `wait` counts so many messages to the group and returns in how many seconds they may leave; `pace` is that of
        all chats together.
        """
        self._bot = bot
        self._chat = chat
        self._lease = lease
        self._wait = wait
        self._pace = pace

    @property
    def channel(self) -> str:
        """Telegram."""
        return CHANNEL

    async def is_ours(self) -> bool:
        """Return whether this process is the one that speaks here."""
        return await asyncio.to_thread(self._lease.is_ours)

    async def leave(self) -> None:
        """Let another process speak here."""
        await asyncio.to_thread(self._lease.release)

    async def ready(self) -> None:
        """Return when the group takes another message."""
        await asyncio.sleep(await self._wait(0))

    async def open_topic(self, name: str) -> int:
        """Open a topic and return its id; SendFailed when Telegram refuses."""
        await self._turn()
        shown = label(name)[: ForumTopicLimit.MAX_NAME_LENGTH]
        try:
            return (await self._bot.create_forum_topic(self._chat, shown)).message_thread_id
        except TelegramError as error:
            raise failure(error) from error

    async def remove(self, message: str) -> None:
        """Delete somebody's message, which held a secret, where that is possible."""
        with suppress(TelegramError):
            await self._bot.delete_message(self._chat, int(message))

    async def set_closed(self, topic: int, *, closed: bool) -> None:
        """Close a topic, or open it again, unless it is so already; TopicGone when there is no such topic any more."""
        await self._turn()  # either leaves a message in the group
        change = self._bot.close_forum_topic if closed else self._bot.reopen_forum_topic
        try:
            await change(self._chat, topic)
        except TelegramError as error:
            if _IS_SO_ALREADY not in error.message.casefold():
                raise _failed(error) from error

    async def copy(self, topic: int, copied: Copied, caption: str) -> None:
        """Copy what somebody sent into a topic, under other words; TopicGone likewise."""
        await self._turn()
        message = int(copied.message)
        try:
            await self._bot.copy_message(self._chat, copied.chat, message, caption=caption, message_thread_id=topic)
        except TelegramError as error:
            raise _failed(error) from error

    async def say(self, topic: int, reply: Reply) -> None:
        """Say something in a topic; TopicGone when there is no such topic any more, SendFailed as for any chat."""
        for part in parts([reply]):
            await self._turn()
            try:
                await self._bot.send_message(
                    self._chat,
                    part.html,
                    message_thread_id=topic,
                    parse_mode=ParseMode.HTML,
                    link_preview_options=LinkPreviewOptions(is_disabled=True),
                    reply_markup=InlineKeyboardMarkup(rows(part.buttons)) if part.buttons else None,
                )
            except TelegramError as error:
                raise _failed(error) from error

    async def _turn(self) -> None:
        await asyncio.sleep(await self._wait(1))
        await self._pace()
        if not await self.is_ours():
            raise SendFailed("another process has taken this over", permanent=False)


def _failed(error: TelegramError) -> SendFailed:
    is_gone = any(each in error.message.casefold() for each in _GONE)
    return TopicGone(error.message) if is_gone else failure(error)
