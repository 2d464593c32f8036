"""`cersbot run`: every channel that is configured, the pages, and the delivery."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor

import click
from sqlalchemy.exc import OperationalError

from bot.app import Core, Service, open_core, open_service, watch_library
from bot.channels.telegram.channel import Telegram, Webhook
from bot.channels.telegram.unusable import TelegramUnusable
from bot.channels.telegram.webhook import webhook
from bot.channels.web.channel import WebChannel
from bot.commands.ending import end_now, end_within
from bot.commands.listening import listen
from bot.delivery.post import DevelopmentMailbox, MailServer, Post
from bot.desk.duties import run_duties
from bot.desk.help_desk import HelpDesk
from bot.desk.live import Hub
from bot.desk.relay import Relay
from bot.desk.staff_group import StaffGroup
from bot.operations import logs
from bot.operations.readiness import Readiness
from bot.web.server import create_app, server
from core.settings import VAR, Settings, SettingsError, read_settings

logger = logging.getLogger(__name__)

# The whole stop, of the five seconds that operators are told; the rest is for the interpreter's own end.
STOP_SECONDS = 4.7
# Of these, for what is under way beside the channel: a letter that is being handed in, an answer that is written.
TASKS_SECONDS = 1.0
COMMANDS = ("start", "help", "menu", "language", "cancel", "person", "status", "continue", "forget")


@click.command()
def run() -> None:
    """Run every channel that is configured, the pages and the delivery, until SIGTERM or Ctrl-C."""
    settings = read_settings()
    if not settings.smtp_url and not settings.is_development:
        raise SettingsError(
            f"CERSBOT_SMTP_URL: is needed where CERSBOT_PUBLIC_URL ({settings.address}) is more than this machine;"
            " for example smtp://user:password@mail.example.org:587"
        )
    logs.set_up(settings.log_format, logging.INFO)
    library = watch_library(settings)
    core = open_core(settings)
    try:
        is_current = core.database.is_current()
    except OperationalError:
        raise SettingsError(
            "CERSBOT_DATABASE_URL: the database does not answer; start it, or use sqlite:///var/cersbot.db"
        ) from None
    if not is_current:
        raise SettingsError(
            "CERSBOT_DATABASE_URL: the database has no tables yet, or older ones; run `cersbot migrate`"
        )
    try:
        listening = listen(settings.host, settings.port)
    except OSError as error:
        raise SettingsError(
            f"CERSBOT_PORT={settings.port}: cannot listen there on {settings.host} ({error.strerror}); for example 8001"
        ) from None
    try:
        service = open_service(core, library)
        with service.following():
            asyncio.run(serve(service, listening))
            end_now(0)
    except TelegramUnusable as error:
        raise SettingsError(str(error)) from None


async def serve(service: Service, listening: socket.socket) -> None:
    """Serve until the process is told to stop; what is begun is finished, the rest stays in inbox and outbox."""
    core, settings = service.core, service.core.settings
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    desk = service.help_desk()
    hub = Hub(core.database, core.clock)
    mailbox = None if settings.smtp_url else DevelopmentMailbox(VAR / "mail")
    channel = telegram(service) if settings.telegram_token else None
    relay = relay_of(desk, channel, settings) if channel else None
    hook = hook_of(core) if channel else None
    readiness = Readiness(core.database)
    post, stop_metrics = measured(core, mailbox or MailServer(settings.smtp_url), readiness)
    chat = web_chat(service, channel)
    worker = service.worker(post, {"web": chat, **({"telegram": channel} if channel else {})})
    app = create_app(
        database=core.database,
        keys=core.keys,
        address=settings.address,
        wording=lambda: service.library().language("en"),
        clock=core.clock,
        letters=mailbox,
        desk=(desk, hub),
        chat=chat,
    )
    # For programs, which no form and no page sends there: before the pages and what guards them.
    app.routes[:0] = [readiness.route(), *([webhook(hook.secret, lambda: channel)] if hook else [])]
    pages = server(app, settings.host, settings.port, trusted_proxies=settings.trusted_proxies)
    if not await is_done_before(stop, begin(service, channel, hook)):
        end_within(STOP_SECONDS, status=0)
        stop_metrics()
        core.database.close()
        return
    readiness.start(worker.silent)
    duties = asyncio.create_task(run_duties(desk), name="duties")
    tasks = [
        asyncio.create_task(worker.run(), name="worker"),
        asyncio.create_task(pages.serve(sockets=[listening]), name="pages"),
        duties,
        *([asyncio.create_task(relay.run(), name="relay")] if relay else []),
    ]
    logger.info("serving %s%s", settings.address, " and Telegram" if channel else "")
    watched = [*tasks, *([channel.polling] if channel and channel.polling else [])]
    ended, _ = await asyncio.wait([asyncio.create_task(stop.wait()), *watched], return_when=asyncio.FIRST_COMPLETED)
    end_within(STOP_SECONDS, status=0 if stop.is_set() else 1)
    hub.close()
    chat.news.close()
    pages.should_exit = True
    duties.cancel()
    worker.stop()
    if relay:
        relay.stop()
    if channel:
        await channel.stop()
    await asyncio.wait(tasks, timeout=TASKS_SECONDS)
    for part in tasks:
        part.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await chat.stop()
    readiness.stop()
    stop_metrics()
    core.database.close()
    for task in ended:
        task.result()  # a part that fell is no good end: whoever watches the process starts it again


async def begin(service: Service, channel: Telegram | None, hook: Webhook | None) -> None:
    """Do what takes a while before anything is served; the matchers are fitted in a thread that no end waits for."""
    await asyncio.get_running_loop().run_in_executor(ThreadPoolExecutor(1, "matcher"), service.warm_up)
    if channel:
        await channel.start(hook)


async def is_done_before(stop: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Return whether the work was done before it was to stop, which ends it; whatever the work raises."""
    working, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait([working, stopped], return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        stopped.cancel()
        working.result()
        return True
    working.cancel()
    await asyncio.wait([working])
    return False


def measured(core: Core, post: Post, readiness: Readiness) -> tuple[Post, Callable[[], None]]:
    """Serve the metrics where a port is set; return the post that they measure, and what ends them."""
    settings = core.settings
    if settings.metrics_port is None:
        return post, lambda: None
    try:
        from bot.operations.metrics import MeasuredPost, Metrics
    except ModuleNotFoundError:
        raise SettingsError(
            "CERSBOT_METRICS_PORT: metrics need a package; install it with"
            " `.venv/bin/uv pip install prometheus-client`, or leave the setting empty"
        ) from None
    metrics = Metrics(core.database, core.clock, readiness.missing)
    try:
        return MeasuredPost(post, metrics), metrics.serve(settings.host, settings.metrics_port)
    except OSError as error:
        raise SettingsError(
            f"CERSBOT_METRICS_PORT={settings.metrics_port}: cannot listen there on {settings.host} ({error.strerror});"
            " for example 9101"
        ) from None


def relay_of(desk: HelpDesk, channel: Telegram, settings: Settings) -> Relay | None:
    """Let staff work in their group, where there is one; return what tells them there of their tickets."""
    if settings.telegram_staff_chat is None:
        return None
    group = StaffGroup(desk, str(settings.telegram_staff_chat), settings.staff_on_telegram)
    return Relay(desk, channel.staff_room(group), settings.address)


def hook_of(core: Core) -> Webhook | None:
    """Return where Telegram hands updates in, None when they are asked for; one secret for all processes."""
    settings = core.settings
    if not settings.webhook_url:
        return None
    secret = settings.webhook_secret or core.keys.mac("webhook", settings.webhook_url).hex()
    return Webhook(settings.webhook_url, secret)


def web_chat(service: Service, channel: Telegram | None) -> WebChannel:
    """Return the web channel; conversations can go on by the Telegram channel where there is one."""
    core = service.core
    name = (lambda: channel.name) if channel else str
    return WebChannel(core.database, core.keys, service.conversations, core.clock, service.library, name)


def telegram(service: Service) -> Telegram:
    """Return the Telegram channel of the settings."""
    core, language = service.core, service.library().language("en")
    made = Telegram(
        core.settings.telegram_token,
        core.settings.telegram_base_url,
        core.keys,
        core.database,
        service.conversations,
        core.clock,
        commands={name: language.phrase(f"command_{name}") for name in COMMANDS},
        apology=language.phrase("apology"),
    )
    made.web_address = core.settings.address
    return made
