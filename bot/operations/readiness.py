"""Readiness: whether this process can do its work now, looked at again and again beside it."""

import logging
import shutil
import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.database import Database

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
# An answer that is older than this is none: the database is locked, or away in a manner that takes long to notice.
STALE_SECONDS = 3 * LOOK_SECONDS
# A worker's round takes at most the mail server's time-out of 30 seconds.
WORKER_SECONDS = 90.0
LEAST_FREE_BYTES = 16 * 1024 * 1024  # SQLite: for its files and the log that it writes before them


class Readiness:
    """Says what is missing: `database`, `migrations`, `disk` or `worker`; what the bot knows is loaded at the start."""

    def __init__(self, database: Database) -> None:
        """Look at `database`."""
        self._database = database
        self._worker_silent: Callable[[], float] = lambda: 0.0
        self._found: tuple[str, ...] = ("database",)
        self._looked_at = time.monotonic()
        self._stopping = threading.Event()

    def start(self, worker_silent: Callable[[], float]) -> None:
        """Look every two seconds from now on, in a thread of its own: no lock of the database holds up an answer.

        `worker_silent` gives the seconds since the worker last began a round.
        """
        self._worker_silent = worker_silent
        threading.Thread(target=self._look_again_and_again, name="readiness", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()

    def missing(self) -> tuple[str, ...]:
        """Return what is missing, nothing when messages and letters can be handled."""
        is_stale = time.monotonic() - self._looked_at > STALE_SECONDS
        found = ("database",) if is_stale else self._found
        return (*found, "worker") if self._worker_silent() > WORKER_SECONDS else found

    def route(self) -> Route:
        """Return the route /readyz: 200, or 503 with what is missing, a word a line."""

        async def readiness(_: Request) -> Response:
            missing = self.missing()
            return PlainTextResponse("\n".join(missing or ("ok",)) + "\n", status_code=503 if missing else 200)

        return Route("/readyz", readiness)

    def look(self) -> tuple[str, ...]:
        """Look at the database now; return what it lacks."""
        try:
            if not self._database.is_current():
                return ("migrations",)
            with self._database.transaction():  # who only reads does not see that somebody else keeps SQLite locked
                pass
            return ("disk",) if free_bytes(self._database) < LEAST_FREE_BYTES else ()
        except SQLAlchemyError:
            return ("database",)
        except OSError:  # the folder of an SQLite file is gone, while the file is still open here
            return ("disk",)

    def _look_again_and_again(self) -> None:
        while not self._stopping.is_set():
            found = self.look()
            if found != self._found:
                logger.warning("not ready: %s", ", ".join(found)) if found else logger.info("ready")
            self._found, self._looked_at = found, time.monotonic()
            self._stopping.wait(LOOK_SECONDS)


def free_bytes(database: Database) -> float:
    """Return how much room is left where an SQLite file lies; for a database elsewhere, no limit."""
    file = database.file
    return float("inf") if file is None else shutil.disk_usage(file.parent).free
