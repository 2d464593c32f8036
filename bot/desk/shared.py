"""What pages show anew by themselves: made once for all who watch, and not once for each of them."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

LASTS_SECONDS = 1.0
MOST = 500  # pages at once; more, and none is kept that nobody wants any more

Made = TypeVar("Made")


class Shared:
    """Keeps what was made last, until there is news or a second is over; of several who want it one makes it."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}
        self._kept: dict[Hashable, tuple[float, Any]] = {}
        self._news = 0

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what was made under this key since the last news; else make it now."""
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                made_at, kept = self._kept.get(key, (0.0, None))
                news = self._news
                if time.monotonic() - made_at < LASTS_SECONDS:
                    return cast(Made, kept)
            began, made = time.monotonic(), make()
            with self._lock:
                if len(self._kept) >= MOST:
                    self._kept.clear()
                if news == self._news:  # what was read before the news may lack it
                    self._kept[key] = (began, made)
            return made

    def forget(self) -> None:
        """Let everything be made anew: there is news, or nobody watches any more."""
        with self._lock:
            self._news += 1
            self._kept.clear()
            self._making.clear()
