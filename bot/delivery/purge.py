"""The worker's purge: every hour what has served its time is deleted, a few rows in a transaction."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from core import purging
from core.database import Database

logger = logging.getLogger(__name__)

EVERY = timedelta(hours=1)


class Purge:
    """Deletes what has served its time; any number may share one database."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        """Purge `database`, for the first time when it is asked to work."""
        self._database = database
        self._clock = clock
        self._due: datetime | None = None

    async def work(self) -> bool:
        """Delete a few rows if the hour has come; return whether there may be more."""
        now = self._clock()
        if self._due is not None and self._due - EVERY <= now < self._due:
            return False
        if await asyncio.to_thread(self._purge, now):
            return True
        self._due = now + EVERY
        return False

    def _purge(self, now: datetime) -> bool:
        with self._database.reading() as session:
            found = purging.past(session, now)
        if not found:
            return False
        with self._database.transaction() as session:
            purging.purge(session, found, now)
        rows = (found.audit, found.inbox, found.outbox, found.budgets, found.visits, found.sessions, found.days)
        logger.info(
            "purged of the audit %s rows, inbox %s, outbox %s, budgets %s, visits %s, sessions %s, days %s",
            *map(len, rows),
        )
        return True
