"""The composition root: settings become the parts that every command shares; `commands/run.py` adds what it serves."""

import gc
import logging
import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import knowledge
from bot.delivery.post import Post
from bot.delivery.rendering import Renderer
from bot.delivery.worker import Worker
from bot.desk.help_desk import HelpDesk
from bot.dialogue.conversation import Conversations
from bot.dialogue.messages import Sender
from bot.flows import all_flows
from core import rules
from core.business_days import CALIFORNIA, state_holidays
from core.database import Database
from core.keys import Keys
from core.settings import VAR, Settings, SettingsError
from knowledge.fitting import Fitting
from knowledge.library import Library
from knowledge.needed import Needed
from knowledge.watching import Watched

logger = logging.getLogger(__name__)

THRESHOLDS = (5_000, 20, 20)
"""Of the garbage collector: by those of Python 3.11, 700, 10 and 10, it takes twice as long for a message."""


@dataclass(frozen=True)
class Core:
    """What accounts and tickets need: settings, database, keys, clock."""

    settings: Settings
    database: Database
    keys: Keys

    def clock(self) -> datetime:
        """Return the time, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class Service:
    """The service without its channels: the core, what it knows, and its conversations."""

    core: Core
    library: Watched
    conversations: Conversations
    renderer: Renderer

    def warm_up(self) -> None:
        """Build what the first person would otherwise wait for."""
        warm_up(self.library(), self.core.clock())

    def help_desk(self) -> HelpDesk:
        """Return the help desk over this service's tickets."""
        return HelpDesk(self.core.database, self.core.keys, self.library, self.core.clock)

    @contextmanager
    def following(self) -> Iterator[None]:
        """Serve edits of the knowledge as they are saved, as long as the context lasts; its end waits for no fit."""
        thread = ThreadPoolExecutor(1, "matcher")
        try:
            with self.library.following(lambda library: thread.submit(learn, library)):
                yield
        finally:
            thread.shutdown(wait=False, cancel_futures=True)

    def worker(self, post: Post, senders: Mapping[str, Sender]) -> Worker:
        """Return a worker that posts letters with `post` and sends by the channels `senders`."""
        core = self.core
        keeping = core.settings.keeping()
        return Worker(core.database, core.keys, core.clock, self.conversations, self.renderer, post, senders, keeping)


def open_core(settings: Settings) -> Core:
    """Open the database of the settings; its tables are made or brought up to date where it is an SQLite file."""
    try:
        database = Database(settings.database_url)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"CERSBOT_DATABASE_URL: PostgreSQL needs the package {error.name}; install it with"
            ' `.venv/bin/uv pip install "psycopg[binary]"`, or use sqlite:///var/cersbot.db'
        ) from None
    if database.url.get_backend_name() == "sqlite":
        database.migrate()
    return Core(settings, database, settings.keys())


def open_fitting() -> Fitting:
    """Return how questions are matched here: by their meaning, too, where the sentence encoder is installed."""
    fitting = Fitting.open(VAR / "matching")
    if fitting.lacking:
        logger.warning(
            "Questions are matched by their words alone, because %s; `python3 bootstrap.py semantic` installs it.",
            fitting.lacking,
        )
    return fitting


def open_library(settings: Settings, fitting: Fitting) -> Library:
    """Load what the bot knows; KnowledgeError lists every place that is wrong."""
    return Library.load(
        settings.knowledge,
        service=service_facts(settings),
        enforced=rules.ENFORCED,
        today=today(),
        needed=Needed.by_program(),
        fitting=fitting,
    )


def watch_library(settings: Settings) -> Watched:
    """Load what the bot knows, to be followed as it is edited; KnowledgeError lists every place that is wrong."""
    fitting = open_fitting()
    return Watched(settings.knowledge or Path(knowledge.__file__).parent, partial(open_library, settings, fitting))


def learn(library: Library) -> None:
    """Fit the matchers of an edited library anew; a fault is logged, and they stay as they are."""
    try:
        for language in library.languages.values():
            language.learn()
        library.ear.language_of("")
        _pass_over_what_is_there()
    except Exception:
        logger.exception("the edited knowledge is served, but its matcher could not be fitted anew")


def warm_up(library: Library, now: datetime) -> None:
    """Build what the first person would otherwise wait for: the matchers, the ear, and this year's holidays."""
    for language in library.languages.values():
        _ = language.matcher
    library.ear.language_of("")
    state_holidays(now.year)
    _pass_over_what_is_there()


def _pass_over_what_is_there() -> None:
    """Let the garbage collector look through what is there once, and not again until the knowledge was edited.

    Every full collection would look through all that the bot knows, and stop everything for a fifth of a second. What
    is new it looks through more seldom.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


def today() -> date:
    """Return the day it is in California, by which reviews are dated."""
    return datetime.now(CALIFORNIA).date()


def service_facts(settings: Settings) -> dict[str, str]:
    """Return the facts that only the running service knows."""
    return {"service_sender": settings.mail_from, "service_url": settings.address}


def open_service(core: Core, library: Watched) -> Service:
    """Put the conversations together."""
    conversations = Conversations(
        core.database, core.keys, library, all_flows(), core.clock, lambda: secrets.token_urlsafe(6)
    )
    renderer = Renderer(library, core.keys, core.settings.address, core.settings.mail_from)
    return Service(core, library, conversations, renderer)
