"""The bots that are measured beside one another, each in a process of its own.

python -m tests.benchmarks.bots echo|service PORT FOLDER
"""

import asyncio
import contextlib
import logging
import sys
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from secrets import token_urlsafe

from bot.app import open_fitting
from bot.channels.telegram.channel import Telegram
from bot.delivery.rendering import Renderer
from bot.delivery.worker import Worker
from bot.dialogue.conversation import Conversations
from bot.flows import all_flows
from core import rules
from core.database import Database
from core.keys import Keys
from core.pacing import ChannelPace, Pace
from knowledge.library import Library
from tests.benchmarks.bot_api import SECRET, TOKEN
from tests.benchmarks.conversation import SERVICE

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


async def service(base_url: str, folder: Path) -> None:
    """Run the service's Telegram channel and worker with everything on: matching, transcript, limits, outbox."""
    database = Database(f"sqlite:///{folder}/benchmark.db")
    database.migrate()
    keys, library = Keys(SECRET), Library.load(service=SERVICE, enforced=rules.ENFORCED, fitting=open_fitting())
    language = library.language("en")
    language.matcher.match("hello")

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
        commands={"help": "Help"},
        apology=language.phrase("apology"),
    )
    channel.messages_a_second = PACE.a_second
    renderer = Renderer(lambda: library, keys, SERVICE["service_url"], SERVICE["service_sender"])
    worker = Worker(database, keys, clock, conversations, renderer, NoMailServer(), {"telegram": channel})
    await channel.start()
    await worker.run()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    _, kind, port, place = sys.argv
    with contextlib.suppress(KeyboardInterrupt):
        if kind == "echo":
            echo(f"http://127.0.0.1:{port}/bot")
        else:
            asyncio.run(service(f"http://127.0.0.1:{port}/bot", Path(place)))
