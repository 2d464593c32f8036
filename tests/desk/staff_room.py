"""The staff's group on Telegram to test in, over HTTP: the bot is started for everything that happens, and stopped."""

from collections.abc import Awaitable, Callable

from bot.channels.telegram.channel import Telegram
from bot.channels.telegram.staff_room import StaffRoom
from bot.desk.help_desk import HelpDesk
from bot.desk.relay import Relay
from bot.desk.staff_group import StaffGroup
from core.database import Database
from core.pacing import Pace
from core.staff import Member
from tests.desk.office import Office
from tests.telegram_chats import Message
from tests.telegram_server import TelegramServer
from tests.world import ADDRESS, library

GROUP = -1001234567890


class GroupOfStaff:
    """A group with a bot in it; every update of it comes twice."""

    def __init__(self, office: Office, server: TelegramServer) -> None:
        self.office = office
        self.server = server
        self.named: set[int] = set()  # whom the settings name
        server.chats.deliveries = 2
        server.chats.open(GROUP)

    @property
    def topics(self) -> list[str]:
        """The names of the topics."""
        return list(self.server.chats.open(GROUP).topics.values())

    @property
    def topic(self) -> int:
        """The id of the newest topic."""
        return max(self.server.chats.open(GROUP).topics)

    async def says(self, who: Member | int, text: str, topic: int | None = None) -> str:
        """Let somebody write in a topic, the newest unless one is named; return what the bot says to it."""

        async def say() -> None:
            await self.server.say(GROUP, text, person=_id(who), topic=self.topic if topic is None else topic)

        return shown(await self.during(say))

    async def sends(self, who: Member | int, content: str, caption: str = "") -> str:
        """Let somebody send a picture, a file or the like into the newest topic; return what the bot says to it."""

        async def send() -> None:
            await self.server.send(GROUP, content, caption, person=_id(who), topic=self.topic)

        return shown(await self.during(send))

    async def person_sends(self, chat: int, content: str, caption: str = "") -> list[Message]:
        """Let a person on Telegram send the bot something; return what the bot then puts into the group."""

        async def send() -> None:
            await self.server.send(chat, content, caption)

        return await self.during(send)

    async def person_hears(self, chat: int) -> list[Message]:
        """Return what a person on Telegram gets of what is owed to them."""
        channel = self.channel(self.office.database)
        await channel.start()
        try:
            await self.office.world.work({"telegram": channel})
        finally:
            await channel.stop()
        fresh = self.server.fresh(chat)
        self.server.chats.open(chat).heard_up_to = max([each.id for each in fresh], default=0)
        return fresh

    async def presses(self, who: Member | int, label: str) -> str:
        """Let somebody press a button; return what the bot says to it."""

        async def press() -> None:
            await self.server.press(GROUP, label, person=_id(who))

        return shown(await self.during(press))

    async def hears(self) -> str:
        """Return what the bot says of its own accord."""

        async def nothing() -> None:
            pass

        return shown(await self.during(nothing))

    async def during(self, act: Callable[[], Awaitable[None]]) -> list[Message]:
        """Let something happen while the bot runs; return what it then says in the group."""
        channel = self.channel(self.office.database)
        relay, room = self.relay(self.office.database, channel)
        await channel.start()
        self.server.working = lambda: channel.waiting > 0
        try:
            await act()
            await self.server.settled()
            while await relay.work():
                pass
            await room.leave()
        finally:
            await channel.stop()
        fresh = self.server.fresh(GROUP)
        if fresh:
            self.server.chats.open(GROUP).heard_up_to = max(each.id for each in fresh)
        return fresh

    def channel(self, database: Database) -> Telegram:
        """Return a new bot, that nothing slows down."""
        world = self.office.world
        channel = Telegram(
            self.server.token,
            self.server.base_url,
            world.keys,
            database,
            world.conversations(database),
            world.running_clock,
            commands={},
            apology=library().language("en").phrase("apology"),
        )
        channel.messages_a_second = 1_000
        channel.group_pace = Pace(0.001, 10)
        return channel

    def relay(self, database: Database, channel: Telegram) -> tuple[Relay, StaffRoom]:
        """Return what tells the group of the tickets by that bot, which lets the desk hear it; and the group."""
        desk = HelpDesk(database, self.office.world.keys, library, self.office.world.clock)
        room = channel.staff_room(StaffGroup(desk, str(GROUP), self.named))
        return Relay(desk, room, ADDRESS), room


def shown(messages: list[Message]) -> str:
    """Return messages as one reads them, their buttons in brackets."""
    return "\n".join("\n".join([each.text, *(f"[{label}]" for label in each.labels)]) for each in messages)


def _id(who: Member | int) -> int:
    return who if isinstance(who, int) else who.telegram_id or 0
