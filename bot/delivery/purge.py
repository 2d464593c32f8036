"""The worker's purge: every hour what has served its time is deleted, a few rows in a transaction."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from core import purging
from core.database import Database
from core.purging import Keeping

logger = logging.getLogger(__name__)

EVERY = timedelta(hours=1)


class Purge:
    """Deletes what has served its time; any number may share one database."""

    def __init__(self, database: Database, clock: Callable[[], datetime], keeping: Keeping | None = None) -> None:
        """Purge `database`, for the first time when it is asked to work."""
        self._database = database
        self._clock = clock
        self._keeping = keeping or Keeping()
        self._due: datetime | None = None
        self._began: datetime | None = None

    async def work(self) -> bool:
        """Delete a few rows if the hour has come; return whether there may be more."""
        now = self._clock()
        if self._due is not None and self._due - EVERY <= now < self._due:
            return False
        self._began = self._began or now
        if await asyncio.to_thread(self._purge, now):
            return True
        self._due = now + EVERY
        return False

    def _purge(self, now: datetime) -> bool:
        with self._database.reading() as session:
            found = purging.past(session, self._keeping, now)
        blanked = self._blank(now)
        if not found and not blanked:
            return False
        with self._database.transaction() as session:
            purging.purge(session, found, self._keeping, now)
        told = [f"{len(keys)} of {name}" for name, keys in found.items()] + [f"{blanked} blanked"] * bool(blanked)
        logger.info("purged: %s", ", ".join(told))
        return True

    def _blank(self, now: datetime) -> int:
        """Blank what nobody could take, once this process has tried for an hour: after a long stop all of it is old."""
        if self._began is None or now < self._began + EVERY:
            return 0
        with self._database.transaction() as session:
            return purging.blank(session, self._keeping, now)
