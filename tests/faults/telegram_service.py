"""The service with its real conversations and worker, on a database, behind the tests' Telegram."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_urlsafe

from bot.channels.telegram.channel import Telegram, Webhook
from bot.delivery.rendering import Renderer
from bot.delivery.worker import Worker
from bot.dialogue.conversation import Conversations
from bot.flows import all_flows
from core.database import Database
from core.keys import Keys
from core.pacing import ChannelPace, Pace
from tests.letterbox import Letterbox
from tests.telegram_server import TOKEN
from tests.world import ADDRESS, SECRET, SENDER, library

KEYS = Keys(SECRET)
QUICK = ChannelPace(Pace(0.001, 1_000), Pace(0.001, 1_000), 10_000.0)


@dataclass
class RunningService:
    """What runs: the channel, its conversations and its database."""

    channel: Telegram
    conversations: Conversations
    database: Database


def made(base_url: str, database: Database, pace: ChannelPace = QUICK) -> RunningService:
    """Return the service, not started; `pace` is the channel's."""
    paces = {"telegram": pace}
    conversations = Conversations(database, KEYS, library, all_flows(), clock, lambda: token_urlsafe(6), paces)
    apology = library().language("en").phrase("apology")
    channel = Telegram(TOKEN, base_url, KEYS, database, conversations, clock, commands={}, apology=apology)
    channel.messages_a_second = pace.a_second
    return RunningService(channel, conversations, database)


def worker_of(service: RunningService) -> Worker:
    """Return the worker that goes with it."""
    renderer = Renderer(library, KEYS, ADDRESS, SENDER)
    channels = {"telegram": service.channel}
    return Worker(service.database, KEYS, clock, service.conversations, renderer, Letterbox(), channels)


@asynccontextmanager
async def running(
    base_url: str, url: str, pace: ChannelPace = QUICK, webhook: Webhook | None = None
) -> AsyncIterator[RunningService]:
    """Run the service on the database of `url`, as one process of perhaps several does."""
    service = made(base_url, Database(url), pace)
    await asyncio.to_thread(lambda: library().language("en").matcher)
    await service.channel.start(webhook)
    working = asyncio.create_task(worker_of(service).run())
    try:
        yield service
    finally:
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
        await service.channel.stop()
        service.database.close()


def clock() -> datetime:
    """Return the time."""
    return datetime.now(UTC)
