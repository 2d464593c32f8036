"""The Telegram channel: starts and stops with the service, hands messages to the conversation and sends its replies."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from telegram import BotCommand, Update
from telegram.error import InvalidToken, TelegramError
from telegram.ext import Application, TypeHandler

from bot.channels.telegram.intake import Intake
from bot.channels.telegram.order import OneByOneInAChat
from bot.channels.telegram.reading import CHANNEL, read
from bot.channels.telegram.sending import Sending
from bot.channels.telegram.transport import AiohttpRequest
from bot.dialogue.messages import Delivery, Incoming, SendFailed
from core import inbox
from core.database import Database
from core.keys import Keys

logger = logging.getLogger(__name__)

CHATS_AT_ONCE = 64
# SQLite lets one turn write at a time: with 64 threads waiting for it a burst took a third longer than with 4.
SQLITE_THREADS = 4
CONNECTIONS = 2 * CHATS_AT_ONCE + 8  # a chat may send and tidy up at once; the poller has one for itself
STOP_SECONDS = 4.0
LONGEST_PAUSE = 30.0

P = ParamSpec("P")
T = TypeVar("T")


class TelegramUnusable(Exception):
    """The channel cannot start; the message tells an operator why, and what to do."""


class Turns(Protocol):
    """What the channel needs of `bot.dialogue.conversation.Conversations`."""

    def receive(self, incoming: Incoming) -> Delivery | None:
        """Handle a message in one committed turn; None when it had been handled before."""

    def sent(self, delivery: Delivery, keyboard: str | None = None) -> None:
        """Note that the replies were sent, and where the live buttons are."""

    def unsent(self, delivery: Delivery, failure: SendFailed) -> None:
        """Note that the replies could not be sent."""

    def keyboard(self, conversation: int) -> str | None:
        """Return where the live buttons are."""


class Telegram:
    """One bot on Telegram."""

    def __init__(
        self,
        token: str,
        base_url: str,
        keys: Keys,
        database: Database,
        conversations: Turns,
        clock: Callable[[], datetime],
        *,
        commands: Mapping[str, str],
        apology: str,
    ) -> None:
        """Prepare the bot with `token` at the Bot API server `base_url` (`https://api.telegram.org/bot`).

        `commands` are the descriptions of the command menu by name; `apology` is said when a message crashes its turn.
        """
        self._base_url = base_url
        self._database = database
        self._conversations = conversations
        self._clock = clock
        self._commands = [BotCommand(name, description) for name, description in commands.items()]
        self._apology = apology
        self._threads = ThreadPoolExecutor(_threads_for(database), "telegram")
        self._order = OneByOneInAChat(CHATS_AT_ONCE)
        self._stopping = asyncio.Event()
        self._polling: asyncio.Task[None] | None = None
        request = AiohttpRequest(CONNECTIONS)
        self._application = (
            Application.builder()
            .token(token)
            .base_url(base_url)
            .request(request)
            .get_updates_request(request)
            .updater(None)
            .job_queue(None)
            .concurrent_updates(self._order)
            .build()
        )
        self._application.add_handler(TypeHandler(Update, self._handle))
        self._bot = self._application.bot
        self._sending = Sending(self._bot, keys)
        queue = self._application.update_queue
        self._intake = Intake(self._bot, request, database, keys, clock, queue, lambda: self._order.waiting)

    async def start(self) -> None:
        """Begin to take messages: first those that a crash left behind. TelegramUnusable when Telegram refuses us."""
        _keep_token_out_of_logs()
        try:
            await self._application.initialize()
            await self._bot.delete_webhook()
        except TelegramError as error:
            await self._bot.shutdown()
            raise TelegramUnusable(_sentence(error, self._base_url)) from None
        try:
            await self._bot.set_my_commands(self._commands)
        except TelegramError as error:
            logger.warning("the command menu was not set: %s", error.message)
        await self._intake.resume()
        await self._application.start()
        self._polling = asyncio.create_task(self._intake.poll(), name="telegram polling")

    async def stop(self) -> None:
        """Finish what is begun, within seconds; the rest stays in the inbox and at Telegram for the next start."""
        if self._polling is None:
            return
        self._stopping.set()
        self._intake.stop()
        self._order.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.gather(self._polling, self._application.stop())
        except TimeoutError:
            logger.warning("some messages were not finished in time; they are taken up at the next start")
        await self._application.shutdown()  # whatever still waits for Telegram fails now, and is noted as unsent
        with suppress(TimeoutError):
            await asyncio.wait_for(self._order.finished(), 0.5)
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._polling = None

    @property
    def waiting(self) -> int:
        """How many accepted updates are queued or at work."""
        return self._application.update_queue.qsize() + self._order.waiting

    @property
    def polling(self) -> "asyncio.Task[None] | None":
        """The task that takes updates; when it ends by itself, the channel is deaf."""
        return self._polling

    async def send(self, delivery: Delivery) -> None:
        """Send the replies of a turn and note that they were sent; SendFailed says whether to try again."""
        await self._deliver(delivery, "")

    async def _handle(self, update: Update, _: object) -> None:
        incoming = read(update, self._bot.bot)
        query = update.callback_query
        acknowledging = asyncio.ensure_future(self._sending.acknowledge(query)) if query else None
        try:
            if incoming is not None:
                await self._answer(incoming, str(query.message.message_id) if query and query.message else "")
        finally:
            if acknowledging:
                await acknowledging

    async def _answer(self, incoming: Incoming, pressed: str) -> None:
        async with self._sending.typing(incoming.chat):
            delivery = await self._turn(incoming)
        if delivery is None:
            return
        try:
            await self._deliver(delivery, pressed)
        except SendFailed as failure:
            logger.warning("replies to chat %s were not sent: %s", incoming.chat, failure)
            await self._in_thread(self._conversations.unsent, delivery, failure)

    async def _deliver(self, delivery: Delivery, pressed: str) -> None:
        async def keyboard() -> str | None:
            return await self._in_thread(self._conversations.keyboard, delivery.conversation)

        live = await self._sending.send(delivery, keyboard, pressed)
        await self._in_thread(self._conversations.sent, delivery, live)

    async def _turn(self, incoming: Incoming) -> Delivery | None:
        """Return what the turn wants sent; a turn that crashes is tried again, then set aside with an apology.

        While the database is away nothing is counted: the message waits, here or in the inbox.
        """
        pause = 0.2
        while True:
            try:
                return await self._in_thread(self._conversations.receive, incoming)
            except (OperationalError, InterfaceError, PoolTimeout):
                logger.exception("the database does not answer; update %s waits", incoming.key)
            except Exception:
                logger.exception("the turn of update %s crashed", incoming.key)
                if await self._is_set_aside(incoming):
                    await self._apologise(incoming.chat)
                    return None
            if await self._is_stopped_within(pause):
                return None
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _is_set_aside(self, incoming: Incoming) -> bool:
        try:
            return await self._in_thread(self._count_crash, incoming)
        except Exception:
            logger.exception("the crash of update %s could not be counted", incoming.key)
            return False

    def _count_crash(self, incoming: Incoming) -> bool:
        with self._database.transaction() as session:
            return inbox.failed(session, CHANNEL, incoming.key, self._clock())

    async def _apologise(self, chat: str) -> None:
        try:
            await self._sending.say(chat, self._apology)
        except TelegramError as error:
            logger.warning("the apology to chat %s was not sent: %s", chat, error.message)

    async def _is_stopped_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(function, *args, **kwargs))


def _threads_for(database: Database) -> int:
    return SQLITE_THREADS if database.url.get_backend_name() == "sqlite" else CHATS_AT_ONCE


def _sentence(error: TelegramError, base_url: str) -> str:
    """Return what an operator has to know; never the token."""
    if isinstance(error, InvalidToken):
        return (
            f"CERSBOT_TELEGRAM_TOKEN: the Bot API server {base_url} does not know this token;"
            " copy it anew from BotFather, as in 123456789:AAE..."
        )
    return (
        f"CERSBOT_TELEGRAM_BASE_URL={base_url}: no Bot API server answers there ({error.message});"
        " check the network, or name a server as https://api.telegram.org/bot"
    )


def _keep_token_out_of_logs() -> None:
    """The libraries log addresses and calls at INFO and DEBUG; the token is part of every address."""
    for name in ("telegram", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
