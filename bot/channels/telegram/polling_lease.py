"""Which of the processes on one database asks Telegram for updates: Telegram refuses a second one (409 Conflict)."""

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

NAME = "telegram polling"
LEASE_SECONDS = 30.0
RENEW_SECONDS = 5.0

_PROCESS = token_hex(4)


class PollingLease:
    """This process's claim to poll; it runs out half a minute after the process is gone, at once on its own machine."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        """Claim in `database`."""
        self._database = database
        self._clock = clock
        self._holder = f"{socket.gethostname()} {os.getpid()} {_PROCESS} {token_hex(4)}"
        self._renewed = -RENEW_SECONDS
        self._is_waiting = False

    def is_ours(self) -> bool:
        """Return whether this process is the one that polls, asking the database every few seconds."""
        if time.monotonic() - self._renewed < RENEW_SECONDS:
            return True
        try:
            with self._database.transaction() as session:
                ours = leases.take(session, NAME, self._holder, LEASE_SECONDS, self._clock(), _is_gone)
        except Exception:
            logger.exception("it is not known which process takes Telegram's updates; this one waits")
            return False
        if not ours and not self._is_waiting:
            logger.info("another process takes Telegram's updates; this one waits until it ends")
        self._is_waiting = not ours
        if ours:
            self._renewed = time.monotonic()
        return ours

    def release(self) -> None:
        """Let another process poll."""
        self._renewed = -RENEW_SECONDS
        try:
            with self._database.transaction() as session:
                leases.release(session, NAME, self._holder)
        except Exception:
            logger.exception("the lease was not given back; it runs out by itself")


def _is_gone(holder: str) -> bool:
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
