"""The worker: resolves requests, posts letters, sends what is left over, and asks what was to be asked later."""

import asyncio
import logging
from collections.abc import Callable, Mapping
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
        """Work until cancelled; a fault is logged and the work goes on."""
        while True:
            try:
                busy = await self.work()
            except Exception:
                logger.exception("the worker stumbled; what it was at stays due")
                busy = False
            if not busy:
                await asyncio.sleep(PAUSE_SECONDS)

    async def work(self) -> bool:
        """Do once whatever is due; return whether there was anything."""
        resolved = await asyncio.to_thread(self._resolve)
        posted = await self._post_letters()
        said = [await self._say_left_over(channel) + await self._ask_later(channel) for channel in self._senders]
        return bool(resolved or posted or any(said))

    def _resolve(self) -> list[str]:
        """Resolve the requests that wait, each in a transaction of its own; return the outcomes."""
        with self._database.transaction() as session:
            waiting = resolution.waiting(session)
        outcomes = []
        for request in waiting:
            with self._database.transaction() as session:
                outcomes.append(resolution.resolve(session, self._keys, request, self._clock()))
        return outcomes

    async def _post_letters(self) -> int:
        leased = await asyncio.to_thread(self._lease_letters)
        for each in leased:
            await self._post_letter(each)
        return len(leased)

    def _lease_letters(self) -> list[Leased]:
        with self._database.transaction() as session:
            return outbox.lease_due(session, outbox.LETTER, self._clock())

    async def _post_letter(self, leased: Leased) -> None:
        letter = Letter.from_payload(leased.payload)
        mail = await asyncio.to_thread(self._render, leased, letter)
        try:
            await self._post.hand_in(mail)
        except MailRefused as refusal:
            await asyncio.to_thread(self._refused, leased, letter, refusal)
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
        """Try again later, or make a ticket of a letter that cannot be delivered (G2)."""
        now = self._clock()
        due_at = now + outbox.retry_delay(leased.tries)
        with self._database.transaction() as session:
            if not refusal.permanent and (leased.deadline is None or due_at < leased.deadline):
                outbox.postpone(session, leased.id, leased.lease, due_at, str(refusal))
            elif outbox.settle(session, leased.id, leased.lease, f"refused: {refusal}", now):
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
            delivery = await asyncio.to_thread(self._conversations.follow_up, each)
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
