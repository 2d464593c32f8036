"""Somebody who talks by a channel as by `tests.world.Chat`: new objects at every message, each comes twice."""

import io
import re

from bot.channels.telegram.channel import Telegram
from bot.channels.terminal import Screen, Terminal
from bot.dialogue.messages import Delivery, Incoming, Picture
from core import verification
from core.tables import Challenge
from tests.telegram_server import TelegramServer
from tests.world import Chat, Press, Said, Wait, World, library, typed

PERSON = 17
CHOICE = re.compile(r"^ *\[(\d+)\] (.+)$", re.MULTILINE)


class TerminalChat(Chat):
    """Somebody at a terminal: reads what stands on the screen, and types the number of a choice."""

    def __init__(self, world: World) -> None:
        super().__init__(world, chat="here", channel="terminal")
        self._screen = io.StringIO()
        self._choices: dict[str, str] = {}
        self._terminal: Terminal | None = None

    async def says(self, said: Said) -> str:
        """Type a line; return what appears on the screen."""
        self._screen = io.StringIO()
        await super().says(said)
        shown = self._screen.getvalue()
        self._choices = {label: number for number, label in CHOICE.findall(shown)} or self._choices
        pictures = "".join(f"<{reply.picture.kind}>" for reply in self.replies if reply.picture)
        return pictures + CHOICE.sub(r"[\2]", shown)

    def _hear(self, delivery: Delivery) -> None:
        super()._hear(delivery)
        screen = Screen(self._screen, columns=100)
        sounds = self.world.folder / "sounds"
        self._terminal = Terminal(screen, self.world.keys, lambda: library().language("en"), sounds)
        self._terminal.show(delivery)

    def _incoming(self, said: Said) -> Incoming:
        if isinstance(said, Press):
            assert said.label in self._choices, f"there is no choice {said.label!r} in {sorted(self._choices)}"
            said = self._choices[said.label]
        made = super()._incoming(said)
        return self._terminal.typed(made.channel, made.chat, made.key, made.text) if self._terminal else made


class TelegramChat(Chat):
    """Somebody on Telegram, over HTTP: the bot is started for every message and stopped after it."""

    def __init__(self, world: World, server: TelegramServer) -> None:
        super().__init__(world, chat=str(PERSON), channel="telegram")
        spoken = library()
        for language in spoken.languages.values():
            _ = language.matcher  # built before anybody is listened to, as at the service's start
        spoken.ear.language_of("")
        self._server = server
        server.chats.deliveries = 2

    async def says(self, said: Said) -> str:
        """Type, press, or wait; return what appears in the chat."""
        language = library().language("en")
        channel = Telegram(
            self._server.token,
            self._server.base_url,
            self.world.keys,
            self.world.home,
            self.world.conversations(self.world.home),
            self.world.running_clock,
            commands={"": {"help": language.phrase("command_help")}},
            apology=language.phrase("apology"),
        )
        await channel.start()
        self._server.working = lambda: channel.waiting > 0
        try:
            if isinstance(said, Wait):
                self.world.later(said.minutes)
                await self.world.work({"telegram": channel})
                messages = await self._server.heard(PERSON) if self._server.fresh(PERSON) else []
            else:
                await self._act(said)
                messages = await self._server.heard(PERSON)
            await self._server.settled()
        finally:
            await channel.stop()
        await self.world.work()
        parts = []
        for message in messages:
            parts += [f"<{self._picture_kind()}>"] if message.photo or message.audio else []
            parts += [message.text, *(f"[{label}]" for label in message.labels)]
        return "\n".join(parts)

    async def _act(self, said: Said) -> None:
        if isinstance(said, Press):
            await self._server.press(PERSON, said.label)
        else:
            await self._server.say(PERSON, typed(self.world, said, self._newest_picture()))

    def _newest_picture(self) -> Picture | None:
        challenges = self.world.rows(Challenge)
        if not challenges or challenges[-1].kind == "code":
            return None
        newest = challenges[-1]
        return Picture("characters" if newest.kind == "characters" else "spoken", verification.reference(newest))

    def _picture_kind(self) -> str:
        picture = self._newest_picture()
        return picture.kind if picture else ""
