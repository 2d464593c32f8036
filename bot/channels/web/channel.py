"""The web channel: messages of one chat are handled one after the other, and what is committed is delivered."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.channels.turns import Turns
from bot.channels.web.admission import Admission
from bot.channels.web.news import News
from bot.channels.web.visitor import CHANNEL, Visitor
from bot.dialogue.conversation import Conversations
from bot.dialogue.messages import Delivery, Incoming
from bot.dialogue.preparing import Prepared
from core import rules
from core.database import Database
from core.keys import Keys
from knowledge.library import Library

FLOOD_SECONDS = 1.0  # so long nothing is read of a chat whose messages came too fast


class Hurry(Exception):
    """So many messages of the chat wait already that this one was not taken."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What language a browser asks for, and the one that its person chose on the pages, if any: codes."""

    language: str = ""
    switched: str = ""


@dataclass
class _Line:
    """Those of one chat that wait for their turn."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class WebChannel:
    """The web's chats in one process; any number of processes may share one database, and no browser sticks to one.

    Replies need no sending: a page shows the transcript, in which a turn writes them as it commits (G1, G3).
    """

    def __init__(
        self,
        database: Database,
        keys: Keys,
        conversations: Conversations,
        clock: Callable[[], datetime],
        library: Callable[[], Library],
        telegram: Callable[[], str] = str,
    ) -> None:
        """Hand messages to `conversations`; `telegram` gives the bot's name there, empty where it is not there."""
        self.database = database
        self.keys = keys
        self.clock = clock
        self.library = library
        self.telegram = telegram
        self.news = News(database)
        self._conversations = conversations
        self._turns: Turns[Prepared] = Turns(conversations)
        self._admission = Admission(database, keys, clock)
        self._lines: dict[str, _Line] = {}
        self._flooded: dict[str, float] = {}

    async def receive(self, visitor: Visitor, form: Mapping[str, str], asked: Asked, network: str) -> None:
        """Handle what a form says, once however often it comes; a flooding chat waits for itself alone (G5).

        Hurry when too many of its messages wait; BudgetSpent when a network begins too many chats.
        """
        text, button = form.get("text", ""), form.get("button", "")
        key = self.keys.hidden("web message", f"{visitor.chat} {form['key']} {button}\n{text}")
        incoming = Incoming(
            CHANNEL,
            visitor.chat,
            key,
            text="" if button else text,
            button=button,
            language=asked.language,
            switched=asked.switched,
        )
        line = self._lines.setdefault(visitor.chat, _Line())
        if line.waiting >= rules.WEB_MESSAGES_WAITING:
            now = time.monotonic()
            self._flooded = {chat: until for chat, until in self._flooded.items() if until > now}
            self._flooded[visitor.chat] = now + FLOOD_SECONDS
            raise Hurry
        line.waiting += 1
        try:
            async with line.lock:
                await self._admission.admit(visitor.chat, network)
                await self._turns.receive(incoming)
        finally:
            line.waiting -= 1
            if not line.waiting:
                del self._lines[visitor.chat]

    def floods(self, visitor: Visitor) -> bool:
        """Return whether a chat sent faster than anybody types, a moment ago: nothing more of it is read for now."""
        return self._flooded.get(visitor.chat, 0.0) > time.monotonic()

    async def send(self, delivery: Delivery) -> None:
        """Note that what staff wrote was delivered: it stands on the chat's page since it was committed."""
        await asyncio.to_thread(self._conversations.sent, delivery)

    async def stop(self) -> None:
        """Let everybody who watches go, and end when what is under way is written."""
        self.news.close()
        await self._turns.finished()
        self._turns.close()
