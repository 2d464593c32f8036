"""The composition root: settings become the parts of the service; the only place that wires."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

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
from core.settings import Settings, SettingsError
from knowledge.library import Library
from knowledge.needed import Needed


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
    known: Library
    conversations: Conversations
    renderer: Renderer

    def library(self) -> Library:
        """Return what the bot knows now."""
        return self.known

    def warm_up(self) -> None:
        """Build what the first person would otherwise wait for: the matcher, and this year's holidays."""
        _ = self.library().language("en").matcher
        state_holidays(self.core.clock().year)

    def help_desk(self) -> HelpDesk:
        """Return the help desk over this service's tickets."""
        return HelpDesk(self.core.database, self.core.keys, self.library, self.core.clock)

    def worker(self, post: Post, senders: Mapping[str, Sender]) -> Worker:
        """Return a worker that posts letters with `post` and sends by the channels `senders`."""
        core = self.core
        return Worker(core.database, core.keys, core.clock, self.conversations, self.renderer, post, senders)


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
    return Core(settings, database, Keys(settings.secret()))


def open_library(settings: Settings) -> Library:
    """Load what the bot knows; KnowledgeError lists every place that is wrong."""
    return Library.load(
        settings.knowledge,
        service=service_facts(settings),
        enforced=rules.ENFORCED,
        today=today(),
        needed=Needed.by_program(),
    )


def today() -> date:
    """Return the day it is in California, by which reviews are dated."""
    return datetime.now(CALIFORNIA).date()


def service_facts(settings: Settings) -> dict[str, str]:
    """Return the facts that only the running service knows."""
    return {"service_sender": settings.mail_from, "service_url": settings.address}


def open_service(core: Core, library: Library) -> Service:
    """Put the conversations together."""
    conversations = Conversations(
        core.database, core.keys, lambda: library, all_flows(), core.clock, lambda: secrets.token_urlsafe(6)
    )
    renderer = Renderer(lambda: library, core.keys, core.settings.address, core.settings.mail_from)
    return Service(core, library, conversations, renderer)
