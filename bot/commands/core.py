"""What a command works with; the click context's `obj` opens it, so that `--help` needs no database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

import click
from sqlalchemy.exc import OperationalError

from core.database import Database
from core.keys import Keys
from core.settings import Settings


class Core(Protocol):
    """The parts below the conversation, put together by `bot.app`."""

    @property
    def database(self) -> Database:
        """Where accounts are."""

    @property
    def keys(self) -> Keys:
        """The service's keys."""

    @property
    def settings(self) -> Settings:
        """What the operator has set."""

    def clock(self) -> datetime:
        """What time it is."""


@contextmanager
def opened(context: click.Context) -> Iterator[Core]:
    """Yield the core that `context.obj()` opens; ClickException says what to do when the database cannot be used."""
    core: Core = context.obj()
    try:
        if not core.database.is_current():
            raise click.ClickException("The database has no tables yet, or older ones: run `cersbot migrate` first.")
        yield core
    except OperationalError as error:
        raise click.ClickException(
            f"The database cannot be used ({error.orig}): check CERSBOT_DATABASE_URL, then try again."
        ) from None
    finally:
        core.database.close()
