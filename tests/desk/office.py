"""A help desk to test in: staff who work, and people who talk to the bot and to staff in the same chat."""

import itertools
from dataclasses import dataclass, field

from sqlalchemy import func, select
from starlette.applications import Starlette

from bot.desk.help_desk import HelpDesk, Written
from bot.desk.live import Hub
from bot.dialogue.messages import Delivery, Reply
from core import staff, ticket_history
from core.database import Database
from core.staff import Member
from core.tables import Ticket
from core.ticket_history import Happened
from core.tickets import id_of
from tests.asking import PERSON
from tests.serving import app_over
from tests.world import Chat, World, converse, heard, library


class Person(Chat):
    """Somebody in a chat where the bot may be quiet."""

    def __init__(self, world: World, chat: str = "17", channel: str = "test") -> None:
        super().__init__(world, chat, channel)
        self._came: list[Reply] = []

    def _hear(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.replies = delivery.replies

    async def hears(self) -> str:
        """Return what comes without anything being said."""
        self._came.clear()
        await self.world.work({self.channel: self})
        return heard(self._came)

    async def send(self, delivery: Delivery) -> None:
        """Hear what comes of its own accord, all of it."""
        self._came += delivery.replies
        await super().send(delivery)


@dataclass
class Office:
    """A help desk over a world's database."""

    world: World
    members: dict[str, Member] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.database: Database = self.world.home
        self.desk = HelpDesk(self.database, self.world.keys, library, self.world.clock)
        self.hub = Hub(self.database, self.world.clock)
        self._keys = itertools.count(1)

    def app(self, address: str, hub: Hub | None = None) -> Starlette:
        """Return the desk's pages under an address."""
        return app_over(self.world, self.database, address, desk=(self.desk, hub or self.hub))

    def hire(self, name: str, telegram_id: int | None = None) -> Member:
        """Return a new member of staff."""
        with self.database.transaction() as session:
            self.members[name] = staff.add(session, self.world.now, name, telegram_id)
        return self.members[name]

    def everybody(self) -> list[Member]:
        """Return everybody of staff, by name."""
        with self.database.transaction() as session:
            return staff.members(session)

    def ticket(self, number: int) -> Ticket:
        """Return a ticket as it is now."""
        with self.database.transaction() as session:
            return session.scalars(select(Ticket).where(Ticket.id == id_of(number))).one()

    def history(self, number: int) -> list[Happened]:
        """Return the ticket's history."""
        with self.database.transaction() as session:
            return ticket_history.history(session, id_of(number))

    def kinds(self, number: int) -> list[str]:
        """Return what happened to the ticket, in the words of the code."""
        return [each.kind for each in self.history(number)]

    def writes(self, member: Member, number: int, text: str, *, seen: int | None = None, key: str = "") -> bool:
        """Let somebody of staff reply, having seen everything unless `seen` says otherwise."""
        last = self.history(number)[-1].id if seen is None else seen
        return self.desk.reply(member, id_of(number), Written(text, key or f"key-{next(self._keys)}", last))

    def take(self, member: Member, number: int) -> None:
        """Let somebody of staff take a ticket."""
        self.desk.take(member, id_of(number), self.ticket(number).owner_id)


async def ask_for_person(chat: Chat, happened: str = "It says no") -> int:
    """Let somebody ask for a person; return the ticket's number."""
    await converse(chat, [*PERSON[:1], (happened, "tried"), *PERSON[2:], ("send it", "A person answers by")])
    with chat.world.home.reading() as session:
        return (session.scalar(select(func.max(Ticket.id))) or 0) + 1000
