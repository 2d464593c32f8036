"""The bots that are measured beside one another, each in a process of its own.

python -m tests.benchmarks.bots echo|service|DATABASE PORT FOLDER

With the address of a PostgreSQL database it is one of the service's workers there, which take updates by webhook.
"""

import asyncio
import contextlib
import logging
import sys
from datetime import UTC, datetime
from email.message import EmailMessage
from secrets import token_urlsafe

import uvicorn
from starlette.applications import Starlette

from bot.app import open_fitting, warm_up
from bot.channels.telegram.channel import Telegram, Webhook
from bot.channels.telegram.webhook import PATH, webhook
from bot.delivery.rendering import Renderer
from bot.delivery.worker import Worker
from bot.dialogue.conversation import Conversations
from bot.flows import all_flows
from core import rules
from core.database import Database
from core.keys import Keys
from core.pacing import ChannelPace, Pace
from knowledge.library import Library
from tests.benchmarks.bot_api import HOOK_SECRET, SECRET, TOKEN
from tests.benchmarks.conversation import SERVICE
from tests.ports import free_port

# The limits are counted as ever, but a server on loopback is no Telegram: it takes as much as it can.
PACE = ChannelPace(Pace(0.001, 100), Pace(0.001, 100), 10_000.0)


def echo(base_url: str) -> None:
    """Run a bare python-telegram-bot as its documentation shows it, with its own HTTP client."""
    from telegram import Update
    from telegram.ext import Application, MessageHandler, filters

    async def say_again(update: Update, _: object) -> None:
        if update.message and update.message.text:
            await update.message.reply_text(update.message.text)

    application = Application.builder().token(TOKEN).base_url(base_url).build()
    application.add_handler(MessageHandler(filters.TEXT, say_again))
    application.run_polling()


class NoMailServer:
    """Takes every letter."""

    async def hand_in(self, mail: EmailMessage) -> None:
        """Take a letter."""


async def service(base_url: str, address: str, port: int | None = None) -> None:
    """Run the service's Telegram channel and worker with everything on: matching, transcript, limits, outbox.

    With a port updates come there by webhook.
    """
    database = Database(address)
    database.migrate()
    keys, library = Keys(SECRET), Library.load(service=SERVICE, enforced=rules.ENFORCED, fitting=open_fitting())
    warm_up(library, datetime.now(UTC))

    def clock() -> datetime:
        return datetime.now(UTC)

    conversations = Conversations(
        database, keys, lambda: library, all_flows(), clock, lambda: token_urlsafe(6), {"telegram": PACE}
    )
    channel = Telegram(
        TOKEN,
        base_url,
        keys,
        database,
        conversations,
        clock,
        commands={"": {"help": "Help"}},
        apology=library.language("en").phrase("apology"),
    )
    channel.messages_a_second = PACE.a_second
    renderer = Renderer(lambda: library, keys, SERVICE["service_url"], SERVICE["service_sender"])
    worker = Worker(database, keys, clock, conversations, renderer, NoMailServer(), {"telegram": channel})
    if port is None:
        await channel.start()
    else:
        hook = Starlette(routes=[webhook(HOOK_SECRET, lambda: channel)])
        pages = uvicorn.Server(uvicorn.Config(hook, port=port, access_log=False, log_level="warning"))
        serving = asyncio.create_task(pages.serve())
        await channel.start(Webhook(f"http://127.0.0.1:{port}{PATH}", HOOK_SECRET))
        serving.add_done_callback(lambda _: worker.stop())
    await worker.run()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    _, kind, port, place = sys.argv
    with contextlib.suppress(KeyboardInterrupt):
        if kind == "echo":
            echo(f"http://127.0.0.1:{port}/bot")
        else:
            is_worker = kind != "service"
            address = kind if is_worker else f"sqlite:///{place}/benchmark.db"
            asyncio.run(service(f"http://127.0.0.1:{port}/bot", address, free_port() if is_worker else None))
