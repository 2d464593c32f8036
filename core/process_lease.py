"""Which of the processes on one database does what one alone may do, by a lease that each renews while it runs."""

import logging
import os
import socket
import time
from collections.abc import Callable
from datetime import datetime
from secrets import token_hex

from core import leases
from core.database import Database

logger = logging.getLogger(__name__)

LEASE_SECONDS = 30.0
RENEW_SECONDS = 5.0

_PROCESS = token_hex(4)


class ProcessLease:
    """This process's claim; it runs out half a minute after the process is gone, at once on its own machine."""

    def __init__(self, database: Database, clock: Callable[[], datetime], name: str) -> None:
        """Claim in `database` what has this `name`."""
        self._name = name
        self._database = database
        self._clock = clock
        self._holder = f"{socket.gethostname()} {os.getpid()} {_PROCESS} {token_hex(4)}"
        self._renewed = -RENEW_SECONDS
        self._is_waiting = False
        self._seen: tuple[str, datetime] | None = None
        self._seen_since = 0.0

    @property
    def is_fresh(self) -> bool:
        """Whether this process had the lease a moment ago, so that the database need not be asked."""
        return time.monotonic() - self._renewed < RENEW_SECONDS

    def is_ours(self) -> bool:
        """Return whether this process is the one that does it, asking the database every few seconds."""
        if self.is_fresh:
            return True
        try:
            with self._database.transaction() as session:
                ours = leases.take(session, self._name, self._holder, LEASE_SECONDS, self._clock(), self._is_gone)
        except Exception:
            logger.exception("it is not known which process does the %s; this one waits", self._name)
            return False
        if not ours and not self._is_waiting:
            logger.info("another process does the %s; this one waits until it ends", self._name)
        self._is_waiting = not ours
        if ours:
            self._renewed = time.monotonic()
        return ours

    def release(self) -> None:
        """Let another process do it."""
        self._renewed = -RENEW_SECONDS
        try:
            with self._database.transaction() as session:
                leases.release(session, self._name, self._holder)
        except Exception:
            logger.exception("the lease was not given back; it runs out by itself")

    def _is_gone(self, holder: str, until: datetime) -> bool:
        """Return whether a holder has ended, or has not renewed its lease in all the time that one lasts.

        That time is measured here: a clock that was ahead when the lease was taken makes nobody wait for longer.
        """
        if self._seen != (holder, until):
            self._seen, self._seen_since = (holder, until), time.monotonic()
        return time.monotonic() - self._seen_since > LEASE_SECONDS or _has_ended(holder)


def _has_ended(holder: str) -> bool:
    """Return whether a holder was a process of this machine that has ended (in a container, a number comes again)."""
    host, process, started, _ = holder.split(" ")
    if host != socket.gethostname():
        return False
    if int(process) == os.getpid():
        return started != _PROCESS
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
