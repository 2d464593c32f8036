"""What takes too long for a page: made in the background, one thing after the other; pages show what is there."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Condition, Thread
from typing import TypeVar, cast

logger = logging.getLogger(__name__)

KEPT = 64
WAITING = 8

Made = TypeVar("Made")


@dataclass(slots=True)
class _Piece:
    """What was made last under a name, and for which key; `wanted` is the key for which it is being made."""

    made: object = None
    key: Hashable = None
    wanted: Hashable = None


@dataclass(frozen=True, slots=True)
class Workbench:
    """Makes things in a thread of its own, which ends with the process; other threads may ask for them."""

    _pieces: OrderedDict[Hashable, _Piece] = field(default_factory=OrderedDict)
    _changed: Condition = field(default_factory=Condition)
    _queue: list[tuple[Hashable, Hashable, Callable[[], object]]] = field(default_factory=list)
    _threads: list[Thread] = field(default_factory=list)

    def newest(self, name: Hashable, key: Hashable, make: Callable[[], Made]) -> Made | None:
        """Return what was made last under this name, None before; it is made anew where that was for another key."""
        with self._changed:
            piece = self._pieces.setdefault(name, _Piece())
            self._pieces.move_to_end(name)
            if key not in (piece.key, piece.wanted) and len(self._queue) < WAITING:
                piece.wanted = key
                self._queue.append((name, key, make))
                self._work()
            while len(self._pieces) > KEPT:
                self._pieces.popitem(last=False)
            return cast(Made | None, piece.made)

    def finish(self, seconds: float) -> bool:
        """Wait until nothing is left to be made, so many seconds at most; return whether nothing is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._threads, seconds)

    def _work(self) -> None:
        if not self._threads:
            self._threads.append(Thread(target=self._run, name="workbench", daemon=True))
            self._threads[0].start()

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._queue:
                    self._threads.clear()
                    self._changed.notify_all()
                    return
                name, key, make = self._queue.pop(0)
            made: object = None
            try:
                made = make()
            except Exception:
                logger.exception("something for the desk's pages could not be made; it is made when asked for again")
            with self._changed:
                piece = self._pieces.get(name)
                if piece is not None:
                    piece.wanted = None
                    if made is not None:
                        piece.made, piece.key = made, key
