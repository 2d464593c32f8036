"""The worker: resolves requests, posts letters, sends what is left over, and asks what was to be asked later."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from email.message import EmailMessage

from bot.delivery.post import MailRefused, Post
from bot.delivery.rendering import Renderer, arm
from bot.dialogue.conversation import Conversations
from bot.dialogue.messages import Delivery, Sender, SendFailed
from core import audit, follow_ups, outbox, resolution, tickets
from core.database import Database
from core.keys import Keys
from core.letters import Letter
from core.outbox import Leased

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0
# All of them together take no longer than one: the mail server's time-out is half of rules.LEASE_SECONDS.
LETTERS_AT_ONCE = 8


class Worker:
    """Does whatever is due; any number of workers may share one database."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        clock: Callable[[], datetime],
        conversations: Conversations,
        renderer: Renderer,
        post: Post,
        senders: Mapping[str, Sender],
    ) -> None:
        """Post letters with `post`; `senders` are the channels of this process by name."""
        self._database = database
        self._keys = keys
        self._clock = clock
        self._conversations = conversations
        self._renderer = renderer
        self._post = post
        self._senders = senders

    async def run(self) -> None:
        """Work until cancelled; a slow mail server does not keep the chats waiting."""
        await asyncio.gather(_for_ever(self._work_for_mailboxes), _for_ever(self._work_for_chats))

    async def work(self) -> bool:
        """Do once whatever is due; return whether there was anything."""
        posted = await self._work_for_mailboxes()
        return await self._work_for_chats() or posted

    async def _work_for_mailboxes(self) -> bool:
        resolved = await asyncio.to_thread(self._resolve)
        leased = await asyncio.to_thread(self._lease_letters)
        outcomes = await asyncio.gather(*(self._post_letter(each) for each in leased), return_exceptions=True)
        for fault in filter(None, outcomes):
            raise fault
        return bool(resolved or leased)

    async def _work_for_chats(self) -> bool:
        said = [await self._say_left_over(channel) + await self._ask_later(channel) for channel in self._senders]
        return any(said)

    def _resolve(self) -> int:
        """Resolve the requests that wait, each in a transaction of its own; return how many were."""
        with self._database.transaction() as session:
            waiting = resolution.waiting(session)
        resolved = 0
        for request in waiting:
            try:
                with self._database.transaction() as session:
                    resolution.resolve(session, self._keys, request, self._clock())
                resolved += 1
            except Exception:
                logger.exception("request %s could not be resolved; it stays due", request)
        return resolved

    def _lease_letters(self) -> list[Leased]:
        with self._database.transaction() as session:
            return outbox.lease_due(session, outbox.LETTER, self._clock(), limit=LETTERS_AT_ONCE)

    async def _post_letter(self, leased: Leased) -> None:
        letter = Letter.from_payload(leased.payload)
        try:
            await self._post.hand_in(await asyncio.to_thread(self._render, leased, letter))
        except MailRefused as refusal:
            await asyncio.to_thread(self._refused, leased, letter, refusal)
        except Exception as error:
            logger.exception("letter %s could not be written", leased.id)
            fault = MailRefused(type(error).__name__, permanent=False)
            await asyncio.to_thread(self._refused, leased, letter, fault)
        else:
            await asyncio.to_thread(self._accepted, leased, letter)

    def _render(self, leased: Leased, letter: Letter) -> EmailMessage:
        with self._database.transaction() as session:
            return self._renderer.mail(session, letter, leased.id, leased.created_at)

    def _accepted(self, leased: Leased, letter: Letter) -> None:
        now = self._clock()
        with self._database.transaction() as session:
            arm(session, letter, now)
            outbox.settle(session, leased.id, leased.lease, "sent", now)

    def _refused(self, leased: Leased, letter: Letter, refusal: MailRefused) -> None:
        """Try again later, or make a ticket of an account's letter that cannot be delivered (G2).

        A letter to an address without an account is not owed to anybody: mistyped addresses make no tickets.
        """
        now = self._clock()
        due_at = now + outbox.retry_delay(leased.tries)
        with self._database.transaction() as session:
            if not refusal.permanent and (leased.deadline is None or due_at < leased.deadline):
                outbox.postpone(session, leased.id, leased.lease, due_at, str(refusal))
            elif outbox.settle(session, leased.id, leased.lease, f"refused: {refusal}", now) and letter.account:
                reason = f"The letter {letter.key} could not be delivered: {refusal}."
                tickets.open_for_letter(session, reason, letter.account, letter.language, now)
                audit.record(session, audit.Event.LETTER_REFUSED, now=now, account_id=letter.account, letter=letter.key)

    async def _say_left_over(self, channel: str) -> int:
        left_over = await asyncio.to_thread(self._conversations.left_over, channel)
        for delivery in left_over:
            await self._send(delivery)
        return len(left_over)

    async def _ask_later(self, channel: str) -> int:
        asked = 0
        for each in await asyncio.to_thread(self._due, channel):
            try:
                delivery = await asyncio.to_thread(self._conversations.follow_up, each)
            except Exception:
                logger.exception("follow-up %s could not be asked; it stays due", each.id)
                continue
            if delivery is not None:
                await self._send(delivery)
                asked += 1
        return asked

    def _due(self, channel: str) -> list[follow_ups.Due]:
        with self._database.transaction() as session:
            return follow_ups.due(session, self._clock(), channel)

    async def _send(self, delivery: Delivery) -> None:
        try:
            await self._senders[delivery.channel].send(delivery)
        except SendFailed as failure:
            await asyncio.to_thread(self._conversations.unsent, delivery, failure)
        except Exception as error:
            logger.exception("the replies of outbox row %s could not be sent", delivery.owed)
            fault = SendFailed(type(error).__name__, permanent=False)
            await asyncio.to_thread(self._conversations.unsent, delivery, fault)


async def _for_ever(work: Callable[[], Awaitable[bool]]) -> None:
    """Do the work again and again; a fault is logged, and what it was at stays due."""
    while True:
        try:
            busy = await work()
        except Exception:
            logger.exception("the worker stumbled")
            busy = False
        if not busy:
            await asyncio.sleep(PAUSE_SECONDS)
