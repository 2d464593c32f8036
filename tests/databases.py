"""Databases of the tests, new for each at addresses that come again: a statement is compiled once for many of them.

And the marks of tests that hold on SQLite and on PostgreSQL.
"""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.database import Database

ON_BOTH = pytest.mark.parametrize("world", ["sqlite", "postgresql"], indirect=True)
# What takes long, and asks nothing of a database that shorter tests do not ask of both: on PostgreSQL by `make prove`.
PROVED_ON_BOTH = pytest.mark.parametrize(
    "world", ["sqlite", pytest.param("postgresql", marks=pytest.mark.prove)], indirect=True
)


class Databases:
    """Gives the tests of one process their databases, one after the other or several at once."""

    def __init__(self, folder: Path) -> None:
        """Keep in `folder` a database with all tables, and links to those of the tests."""
        self._folder = folder
        self._known: dict[str, Database] = {}
        self._idle: list[Path] = []
        self._numbers = itertools.count(1)
        with self.at_url(f"sqlite:///{self._empty}") as empty:
            empty.migrate()

    @contextmanager
    def in_file(self, file: Path) -> Iterator[Database]:
        """Yield the SQLite database in a file, by way of a link; one with all tables is made where there is none."""
        if not file.exists():
            shutil.copy(self._empty, file)
        link = self._idle.pop() if self._idle else self._folder / f"{next(self._numbers)}.db"
        link.unlink(missing_ok=True)
        link.symlink_to(file)
        with self.at_url(f"sqlite:///{link}") as database:
            yield database
        self._idle.append(link)

    @contextmanager
    def at_url(self, url: str) -> Iterator[Database]:
        """Yield the database at an address, the same object whenever that comes again."""
        database = self._known.setdefault(url, Database(url))
        yield database
        database.close()

    @property
    def _empty(self) -> Path:
        return self._folder / "empty.db"
