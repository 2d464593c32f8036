"""The vectors of texts kept in a file by content, so that a text is encoded once and not at every start."""

import contextlib
import secrets
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float16]

MOST_ROWS = 20_000
"""Texts that are kept, more only where one knowledge base has more; beyond it the oldest go. One takes 1.5 kB."""


@dataclass(frozen=True, slots=True)
class _Kept:
    number: dict[bytes, int]
    rows: Rows


class VectorCache:
    """Rows of numbers by text. Threads and processes may share the file: what one of them loses is encoded again."""

    def __init__(self, file: Path) -> None:
        """Keep them in this file; a missing or broken one is an empty one."""
        self._file = file
        self._lock = Lock()
        self._kept = _read(file)

    def get(self, text: str) -> Rows | None:
        """Return the row of a text, or None if it is not kept. Never waits."""
        kept = self._kept
        number = kept.number.get(_key(text))
        return None if number is None else kept.rows[number]

    def rows(self, texts: Sequence[str], encoded: Callable[[Sequence[str]], Rows]) -> Rows:
        """Return a row for each text; `encoded` gives those that are not kept, and they are kept from now on."""
        keys = [_key(text) for text in texts]
        with self._lock:
            missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._kept.number}
            if missing:
                self._kept = _with(self._kept, list(missing), encoded(list(missing.values())), set(keys))
                self._write()
            return self._kept.rows[[self._kept.number[key] for key in keys]]

    def _write(self) -> None:
        keys = np.frombuffer(b"".join(self._kept.number), np.uint8).reshape(len(self._kept.number), -1)
        with contextlib.suppress(OSError):  # where nothing can be written, the rows serve this process alone
            write_whole(self._file, lambda path: np.savez(path, keys=keys, rows=self._kept.rows))


LEFT_SECONDS = 3600
"""After so long nobody writes a file any more: whoever did was killed."""


def write_whole(file: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside this one, then put it in its place; OSError if that cannot be.

    What was left half written by a process that was killed goes.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{secrets.token_hex(8)}{file.suffix}")
    try:
        write(beside)
        now = beside.stat().st_mtime
        for other in file.parent.glob(f".{'?' * 16}{file.suffix}"):
            with contextlib.suppress(FileNotFoundError):
                if other.stat().st_mtime < now - LEFT_SECONDS:
                    other.unlink()
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)


def _read(file: Path) -> _Kept:
    with contextlib.suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
            keys, rows = kept["keys"], kept["rows"]
        if keys.ndim == rows.ndim == 2 and len(keys) == len(rows) and rows.dtype == np.float16:
            return _Kept({key.tobytes(): number for number, key in enumerate(keys)}, rows)
    return _Kept({}, np.zeros((0, 0), np.float16))


def _with(kept: _Kept, new: list[bytes], rows: Rows, wanted: set[bytes]) -> _Kept:
    """What is kept once the new rows have come in; of the old ones those wanted now, and as many as there is room."""
    room = MOST_ROWS - len(new)
    stay = list(kept.number)
    if len(stay) > room:
        unwanted = [key for key in stay if key not in wanted]
        gone = set(unwanted[: len(stay) - room])
        stay = [key for key in stay if key not in gone]
    old = kept.rows[[kept.number[key] for key in stay]] if stay else rows[:0]
    return _Kept({key: number for number, key in enumerate([*stay, *new])}, np.concatenate([old, rows]))


def _key(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
