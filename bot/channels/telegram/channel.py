"""The Telegram channel: starts and stops with the service, hands messages to the conversation and sends its replies."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from telegram import Bot, BotCommand, CallbackQuery
from telegram.error import TelegramError

from bot.channels.telegram.inbox import Inbox
from bot.channels.telegram.intake import Intake, Message
from bot.channels.telegram.order import Behind, InOrder
from bot.channels.telegram.pace import GivenOut, SharedPace
from bot.channels.telegram.reading import ALLOWED_UPDATES, CHANNEL
from bot.channels.telegram.sending import Sending
from bot.channels.telegram.staff_room import StaffRoom
from bot.channels.telegram.stopping import LONGEST_PAUSE, is_stopped_within
from bot.channels.telegram.transport import AiohttpRequest, keep_token_out_of_logs
from bot.channels.telegram.unusable import TelegramUnusable, sentence
from bot.channels.turns import AWAY, Conversing, Turns
from bot.dialogue.messages import Delivery, Incoming, NotYet, SendFailed
from bot.dialogue.staff_room import Listener
from core import pacing, rules, tracing
from core.database import Database
from core.keys import Keys
from core.process_lease import ProcessLease

logger = logging.getLogger(__name__)

CHATS_AT_ONCE = 64
CONNECTIONS = 2 * CHATS_AT_ONCE + 8  # a chat may send and tidy up at once; the poller has one for itself
STOP_SECONDS = 3.0  # with what follows it less than the whole stop in `commands/run.py`
SWEEP_SECONDS = 5.0
POLLING = "telegram polling"  # one process alone: Telegram refuses a second (409 Conflict)
STAFF_GROUP = "telegram staff group"  # one alone, so that nothing is said there twice

Turned = TypeVar("Turned")


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where Telegram hands updates in, and the secret that its requests bear (see `webhook.py`)."""

    url: str
    secret: str


class Telegram:
    """One bot on Telegram."""

    def __init__(
        self,
        token: str,
        base_url: str,
        keys: Keys,
        database: Database,
        conversations: Conversing[Any],
        clock: Callable[[], datetime],
        *,
        commands: Mapping[str, Mapping[str, str]],
        apology: str,
    ) -> None:
        """Prepare the bot with `token` at the Bot API server `base_url` (`https://api.telegram.org/bot`).

        `commands` are the descriptions of the command menu by name, for each language ("": for everybody else);
        `apology` is said when a message crashes its turn.
        """
        keep_token_out_of_logs()
        self.messages_a_second = pacing.TELEGRAM.a_second  # of all processes on the database together
        self.group_pace = pacing.TELEGRAM.group
        self.web_address = ""  # of the page on which a conversation can go on, where there is one
        self._base_url = base_url
        self._database = database
        self._conversations = conversations
        self._clock = clock
        self._commands = commands
        self._apology = apology
        self._staff: Listener | None = None
        self._stopping = asyncio.Event()
        self._polling: asyncio.Task[None] | None = None
        self._sweeping: asyncio.Task[None] | None = None
        request = AiohttpRequest(CONNECTIONS)
        self._bot = Bot(token, base_url=base_url, request=request, get_updates_request=request)
        self._given_out = GivenOut(database, clock)
        self._pace = SharedPace(self._given_out.reserve)
        call = partial(request.call, self._bot.base_url)
        self._sending = Sending(self._bot, call, keys, self._may_send, self._keep, lambda: self.web_address)
        self._inbox = Inbox(database, keys, clock)
        self._turns = Turns(conversations)
        self._order: InOrder[Message] = InOrder(self._handle, self._left_in_inbox, CHATS_AT_ONCE)
        self._intake = Intake(self._bot, request, self._turns.accept, self._hand_on, self._order.look_for)
        self._lease = ProcessLease(database, clock, POLLING)

    async def start(self, webhook: Webhook | None = None) -> None:
        """Begin to take messages: first those that a crash left behind. TelegramUnusable when Telegram refuses us.

        Updates come by the `webhook` (see `take`) where there is one, else by asking for them.
        """
        try:
            await self._bot.initialize()
            if webhook is None:
                await self._bot.delete_webhook()
            else:
                await self._bot.set_webhook(webhook.url, secret_token=webhook.secret, allowed_updates=ALLOWED_UPDATES)
        except TelegramError as error:
            await self._bot.shutdown()
            raise TelegramUnusable(sentence(error, self._base_url)) from None
        try:
            for code, menu in self._commands.items():
                listed = [BotCommand(name, description) for name, description in menu.items()]
                await self._bot.set_my_commands(listed, language_code=code.partition("-")[0] or None)
        except TelegramError as error:
            logger.warning("the command menu was not set: %s", error.message)
        await self._take_up(self._clock())
        self._sweeping = asyncio.create_task(self._sweep(), name="telegram inbox")
        if webhook is None:
            self._polling = asyncio.create_task(self._poll(), name="telegram polling")

    async def stop(self) -> None:
        """Finish what is begun, within seconds; the rest stays in the inbox and at Telegram for the next start."""
        if self._sweeping is None:
            return
        self._stopping.set()
        self._intake.stop()
        self._order.close()
        self._sweeping.cancel()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.gather(*([self._polling] if self._polling else []), self._order.finished())
        except TimeoutError:
            logger.warning("some messages were not finished in time; they are taken up at the next start")
        await self._bot.shutdown()  # whatever still waits for Telegram fails now, and is noted as unsent
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await self._order.finished()
                await self._turns.finished()
        self._turns.close()
        self._polling = self._sweeping = None

    @property
    def name(self) -> str:
        """The bot's name on Telegram, by which a link opens it; known once it has started."""
        return self._bot.username

    @property
    def waiting(self) -> int:
        """How many accepted updates are held or at work, and chats of which the inbox alone has more."""
        return self._order.waiting

    @property
    def polling(self) -> "asyncio.Task[None] | None":
        """The task that takes updates, unless they come by a webhook; when it ends by itself, the channel is deaf."""
        return self._polling

    async def take(self, raw: Sequence[dict[str, Any]]) -> list[asyncio.Event] | None:
        """Commit updates that a webhook got, and queue them; return what says when each is done, None when stopping."""
        return None if self._stopping.is_set() else await self._intake.accept(raw)

    async def send(self, delivery: Delivery) -> None:
        """Send the replies of a turn and note that they were sent; SendFailed says whether to try again."""
        self._turns.sent(delivery, await self._sending.send(delivery))
        await self._turns.written()

    def staff_room(self, staff: Listener) -> StaffRoom:
        """Let `staff` hear their group from the start on; return what speaks in it."""
        self._staff, self._intake.staff_chat = staff, staff.chat
        lease = ProcessLease(self._database, self._clock, STAFF_GROUP)
        return StaffRoom(self._bot, staff.chat, lease, self._wait_for_group, self._may_send)

    def _hand_on(self, message: Message) -> asyncio.Event | None:
        query = message.update.callback_query
        if message.incoming is None and query is None:
            return None
        return self._order.put(message.incoming.chat if message.incoming else str(message.update.update_id), message)

    async def _handle(self, message: Message) -> None:
        query = message.update.callback_query
        if self._staff is not None and message.incoming is not None and message.incoming.chat == self._staff.chat:
            await self._listen(self._staff, message.incoming, query)
            return
        acknowledging = asyncio.ensure_future(self._sending.acknowledge(query)) if query else None
        try:
            if message.incoming is not None:
                with tracing.following(f"{CHANNEL}:{message.incoming.key}"):
                    await self._answer(message.incoming, _pressed(query))
        finally:
            if acknowledging:
                await acknowledging

    async def _listen(self, staff: Listener, incoming: Incoming, query: CallbackQuery | None) -> None:
        """Let the help desk hear what is said in the staff's group; its buttons stay, whoever presses them."""
        if query is not None:
            with suppress(TelegramError):
                await self._bot.answer_callback_query(query.id)
        await self._turn(incoming, lambda: asyncio.to_thread(staff.handle, incoming))

    async def _answer(self, incoming: Incoming, pressed: str) -> None:
        with self._sending.typing(incoming.chat):
            delivery = await self._turn(incoming, lambda: self._turns.receive(incoming))
        if delivery is None or delivery.waits:
            return
        try:
            self._turns.sent(delivery, await self._sending.send(delivery, pressed))
        except SendFailed as failure:
            logger.warning("replies to chat %s were not sent: %s", incoming.chat, failure)
            await self._note_unsent(delivery, failure)

    async def _turn(self, incoming: Incoming, take: Callable[[], Awaitable[Turned]]) -> Turned | None:
        """Return what the turn wants sent; a turn that crashes is tried again, then set aside with an apology.

        Where the database fails the turn and yet counts that, the message may be at fault, and has more tries; while
        the database is away nothing is counted: the message waits, here or in the inbox.
        """
        pause = 0.2
        while True:
            try:
                return await take()
            except NotYet:
                raise Behind from None
            except AWAY:
                logger.exception("the database fails the turn of update %s", incoming.key)
                tries = rules.INBOX_OUTAGES
            except Exception:
                logger.exception("the turn of update %s crashed", incoming.key)
                tries = rules.INBOX_TRIES
            if await self._inbox.is_set_aside(incoming.key, tries):
                await self._apologise(incoming.chat)
                return None
            if await is_stopped_within(self._stopping, pause):
                return None
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _apologise(self, chat: str) -> None:
        try:
            await self._sending.say(chat, self._apology)
        except TelegramError as error:
            logger.warning("the apology to chat %s was not sent: %s", chat, error.message)

    async def _note_unsent(self, delivery: Delivery, failure: SendFailed) -> None:
        try:
            await asyncio.to_thread(self._conversations.unsent, delivery, failure)
        except Exception:
            logger.exception("it was not kept why outbox row %s was not sent; its lease runs out", delivery.owed)

    async def _poll(self) -> None:
        await self._intake.poll(self._may_poll)
        await asyncio.to_thread(self._lease.release)

    async def _may_poll(self) -> bool:
        return self._lease.is_fresh or await asyncio.to_thread(self._lease.is_ours)

    async def _sweep(self) -> None:
        """Take up what other processes accepted and left when they ended."""
        while not await is_stopped_within(self._stopping, SWEEP_SECONDS):
            await self._take_up(self._clock() - timedelta(seconds=rules.INBOX_STALE_SECONDS))

    async def _take_up(self, until: datetime) -> None:
        for chat in await self._inbox.waiting_chats(until):
            self._order.take_up(chat)

    async def _left_in_inbox(self, chat: str, limit: int) -> list[Message]:
        """Return what waits in the inbox; what says nothing to the bot, as its settings are now, waits no longer."""
        messages = []
        for arrival in await self._inbox.unhandled(chat, limit):
            message = self._intake.message(arrival)
            if message is not None and message.incoming is not None:
                messages.append(message)
            elif await self._inbox.is_set_aside(arrival.key, 1):
                logger.error("update %s cannot be read any more, or is not for the bot; it is set aside", arrival.key)
        return messages

    async def _keep(self, delivery: Delivery) -> bool:
        return await asyncio.to_thread(self._conversations.progress, delivery)

    async def _may_send(self) -> None:
        await self._pace.turn(self.messages_a_second)

    async def _wait_for_group(self, messages: int) -> float:
        return await self._given_out.queue(STAFF_GROUP, self.group_pace, messages)


def _pressed(query: CallbackQuery | None) -> str:
    """Return the message whose button was pressed, which loses its buttons when the press is acknowledged."""
    return str(query.message.message_id) if query and query.message else ""
