"""The channel's part of the inbox: what was accepted and waits, and how often its turns crashed."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from bot.channels.telegram.reading import CHANNEL
from core import inbox
from core.database import Database
from core.inbox import Arrival
from core.keys import Keys

logger = logging.getLogger(__name__)


class Inbox:
    """Telegram's messages in the inbox; any number of processes may share one database."""

    def __init__(self, database: Database, keys: Keys, clock: Callable[[], datetime]) -> None:
        """Keep messages sealed by `keys`."""
        self._database = database
        self._keys = keys
        self._clock = clock

    async def waiting_chats(self, until: datetime) -> list[str]:
        """Return the chats with messages that were accepted by then and not handled; none while it cannot be read."""
        try:
            return await asyncio.to_thread(self._waiting_chats, until)
        except Exception:
            logger.exception("the inbox could not be read; it is tried again soon")
            return []

    async def unhandled(self, chat: str, limit: int) -> list[Arrival]:
        """Return what of a chat was accepted and not handled, oldest first."""
        return await asyncio.to_thread(self._unhandled, chat, limit)

    async def is_set_aside(self, key: str, tries: int) -> bool:
        """Count a turn that crashed or cannot begin; return whether its message, after so many, is never tried again.

        What cannot be counted is not set aside.
        """
        try:
            return await asyncio.to_thread(self._count_crash, key, tries)
        except Exception:
            logger.exception("the crash of update %s could not be counted", key)
            return False

    def _waiting_chats(self, until: datetime) -> list[str]:
        with self._database.reading() as session:
            return inbox.waiting_chats(session, CHANNEL, until, self._clock())

    def _unhandled(self, chat: str, limit: int) -> list[Arrival]:
        with self._database.reading() as session:
            return inbox.unhandled(session, self._keys, CHANNEL, chat, limit)

    def _count_crash(self, key: str, tries: int) -> bool:
        with self._database.transaction() as session:
            return inbox.failed(session, CHANNEL, key, self._clock(), tries)
