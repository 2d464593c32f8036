"""The checks of `cersbot doctor`: what is set, what is there and what answers, each with the mend."""

import difflib
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic_settings import DotEnvSettingsSource
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from bot.app import open_library
from bot.operations import backups
from core.database import Database
from core.settings import VAR, Settings
from core.tables import AuditEvent
from knowledge.fitting import BY_WORDS_ALONE, Fitting
from knowledge.problems import KnowledgeError

PREFIX = "CERSBOT_"
# Variables that are no settings: the browser of the help desk's tests.
OF_THE_TESTS = frozenset({"CERSBOT_BROWSER"})
CLOCK_SECONDS = 60
SCARCE_BYTES, LITTLE_BYTES = 100 * 1024**2, 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: `good`, `odd` (it works, look at it) or `bad`; `mend` says what to do."""

    state: Literal["good", "odd", "bad"]
    said: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A check by its name."""

    name: str
    look: Callable[[Settings], Finding]

    def finding(self, settings: Settings) -> Finding:
        """Return what it finds; a check that crashes is a finding too."""
        try:
            return self.look(settings)
        except Exception as error:
            return Finding(
                "bad", f"the check failed: {type(error).__name__}", "look into the traceback of `cersbot run`"
            )


def names(settings: Settings) -> Finding:
    """Look for variables that nobody reads, in the environment and in .env."""
    unread = unread_variables([*DotEnvSettingsSource(Settings).env_vars, *os.environ])
    if not unread:
        return Finding("good", "every CERSBOT_ variable is one that is read")
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    meant = {name: difflib.get_close_matches(name, known, 1) for name in unread}
    mends = [f"{name}: did you mean {close[0]}?" if close else f"{name}: take it away" for name, close in meant.items()]
    return Finding("bad", f"nothing reads {', '.join(unread)}", " ".join(mends))


def unread_variables(given: Iterable[str]) -> list[str]:
    """Return the names that begin as the bot's settings do, and are none and no variable of the tests."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | OF_THE_TESTS
    return sorted({name.upper() for name in given if name.upper().startswith(PREFIX)} - known)


def secret_key(settings: Settings) -> Finding:
    """Look whether the secret key is kept as it should be."""
    kept = VAR / "secret_key"
    if settings.secret_key:
        return Finding("good", "the secret key is set; keep a copy apart from the backups")
    if not settings.database_url.startswith("sqlite"):
        mend = "set CERSBOT_SECRET_KEY to the same value for every process on this database"
        return Finding("odd", "the secret key is made on each machine, and the database may have several", mend)
    if not kept.exists():
        return Finding("good", f"a secret key will be made in {kept} at the first start")
    if os.name == "posix" and kept.stat().st_mode & 0o077:
        return Finding("bad", f"{kept} can be read by others", f"chmod 600 {kept}")
    return Finding("good", f"the secret key is in {kept}; keep a copy apart from the backups")


def database(settings: Settings) -> Finding:
    """Look whether the database answers, is whole and has its tables."""
    try:
        database = Database(settings.database_url)
    except ModuleNotFoundError:
        return Finding("bad", "PostgreSQL's driver is missing", '.venv/bin/uv pip install "psycopg[binary]"')
    where = database.url.render_as_string()
    if database.file is not None and not database.file.exists():
        return Finding("odd", f"there is no {database.file} yet", "it is made by `cersbot run` or `cersbot migrate`")
    if database.file is not None and (damage := backups.damage(database.file)):
        return Finding("bad", f"{where} is damaged: {damage}", "stop the bot and restore a backup, as the README says")
    try:
        is_current = database.is_current()
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        return Finding("bad", f"{where} does not answer: {reason}", "start it, or mend CERSBOT_DATABASE_URL")
    finally:
        database.close()
    if not is_current:
        return Finding("bad", f"{where} has no tables yet, or older ones", "run `cersbot migrate`")
    return Finding("good", f"{where} answers, and its tables are the newest")


def clock(settings: Settings) -> Finding:
    """Look whether the clock agrees with PostgreSQL's, and lies after the newest event that was recorded."""
    if not settings.database_url.startswith("sqlite") or Path(settings.database_url.partition("///")[2]).exists():
        opened = Database(settings.database_url)
        try:
            theirs = _moment_of(opened)
        except SQLAlchemyError:
            theirs = None
        finally:
            opened.close()
        now = datetime.now(UTC)
        is_exact = opened.file is None
        if theirs and (theirs > now + _slack() or (is_exact and theirs < now - _slack())):
            mend = "set the clock by the network (timedatectl set-ntp true): links and codes live by it"
            return Finding(
                "bad", f"the clock says {now:%Y-%m-%d %H:%M:%S} UTC, the database {theirs:%Y-%m-%d %H:%M:%S}", mend
            )
    return Finding("good", "the clock and the database do not contradict each other")


def _slack() -> timedelta:
    return timedelta(seconds=CLOCK_SECONDS)


def _moment_of(database: Database) -> datetime | None:
    """Return PostgreSQL's time, or the newest moment that an SQLite file holds."""
    with database.reading() as session:
        if database.file is None:
            return session.scalar(select(func.now()).select_from(text("(SELECT 1) AS one")))
        return session.scalar(select(func.max(AuditEvent.at)))


def knowledge(settings: Settings) -> Finding:
    """Look whether what the bot knows can be loaded."""
    try:
        library = open_library(settings, BY_WORDS_ALONE)
    except KnowledgeError as error:
        return Finding("bad", str(error).splitlines()[0], "run `cersbot knowledge check`: it names every place")
    return Finding("good", f"the knowledge is whole, in {', '.join(sorted(library.languages))}")


def encoder(settings: Settings) -> Finding:
    """Look whether questions are matched by their meaning, too."""
    lacking = Fitting.open(VAR / "matching").lacking
    if lacking:
        said = f"questions are matched by their words alone, because {lacking}"
        return Finding("odd", said, "`python3 bootstrap.py semantic` installs the sentence encoder")
    return Finding("good", "questions are matched by their meaning, too")


def disk(settings: Settings) -> Finding:
    """Look how much room there is for the database and for what is kept in var/."""
    file = settings.database_url.partition("///")[2] if settings.database_url.startswith("sqlite") else str(VAR / "x")
    folder = next(each for each in Path(file).absolute().parents if each.is_dir())
    free = shutil.disk_usage(folder).free
    said = f"{free / 1024**3:.1f} GiB are free at {folder}"
    if free < LITTLE_BYTES:
        return Finding("bad" if free < SCARCE_BYTES else "odd", said, "make room, or name another CERSBOT_DATABASE_URL")
    return Finding("good", said)


INSIDE: Sequence[Check] = (
    Check("settings", names),
    Check("secret key", secret_key),
    Check("database", database),
    Check("clock", clock),
    Check("knowledge", knowledge),
    Check("encoder", encoder),
    Check("disk", disk),
)
