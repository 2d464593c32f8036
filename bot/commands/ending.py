"""How a process of the service ends: within its time, and waiting for no thread that works on, such as a fit."""

import logging
import os
import threading
from typing import NoReturn

logger = logging.getLogger(__name__)


def end_within(seconds: float, status: int) -> None:
    """End the process in so many seconds, whatever holds it up, for example a database that hangs.

    What is then under way is as after a kill: it stays in inbox and outbox.
    """

    def end() -> None:
        logger.warning("something did not end in time; it is left as by a kill")
        end_now(status)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def end_now(status: int) -> NoReturn:
    """End the process, all that has to be written being written.

    The interpreter's own end would wait for every thread. One that fits the matcher takes a while, and cannot be a
    daemon: that aborts the process where it ends inside the encoder. A fit is kept whole or not at all.
    """
    logging.shutdown()
    os._exit(status)
