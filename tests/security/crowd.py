"""A crowd that talks to one service, everybody in a chat of their own, each saying the same at the same time."""

import re
from collections.abc import Mapping, Sequence

from sqlalchemy import event

from bot.dialogue.messages import Delivery, Incoming
from tests.world import Chat, Press, Wait, World, heard, typed

Line = object


class Crowd:
    """People by chat, and the identifier that each names; every statement of the turns is noted."""

    def __init__(self, world: World, identifiers: Mapping[str, str], channel: str = "test") -> None:
        """Begin with nothing said; `identifiers` are by chat."""
        self.world = world
        self.identifiers = dict(identifiers)
        self.channel = channel
        self.chats = {name: Chat(world, name, channel) for name in identifiers}
        self.database = world.database()
        self.conversations = world.conversations(self.database)
        self.statements: list[str] = []
        event.listen(self.database.engine, "before_cursor_execute", self._note)
        self._came: dict[str, list[str]] = {}

    async def says(self, said: Line, *, work: bool = True) -> dict[str, str]:
        """Let everybody say something and the worker work; return what each heard, with the turn's statements.

        The text `<identifier>` is each one's own; what is heard comes without it, and without references.
        """
        if isinstance(said, Wait):
            return await self._wait(said.minutes)
        answers = {}
        for name, chat in self.chats.items():
            begun = len(self.statements)
            delivery = self.conversations.receive(self._incoming(name, chat, said))
            assert delivery is not None
            self._hear(delivery)
            self.conversations.sent(delivery)
            told = [*_outward(delivery), *self.statements[begun:]]
            answers[name] = self._neutral(name, told)
        if work:
            await self.world.work()
        return answers

    async def send(self, delivery: Delivery) -> None:
        """Hear what comes of its own accord."""
        self._hear(delivery)
        self._came.setdefault(delivery.chat, []).append("\n".join(_outward(delivery)))
        self.conversations.sent(delivery)

    def close(self) -> None:
        """Leave."""
        self.database.close()

    async def _wait(self, minutes: float) -> dict[str, str]:
        self.world.later(minutes)
        self._came.clear()
        await self.world.work({self.channel: self})
        return {name: self._neutral(name, self._came.get(name, [])) for name in self.chats}

    def _neutral(self, name: str, told: Sequence[str]) -> str:
        """Return what was told without the identifier, and without the reference, which is ever another."""
        return re.sub(r"CERS-\w{4}", "<reference>", "\n".join(told).replace(self.identifiers[name], "<identifier>"))

    def _incoming(self, name: str, chat: Chat, said: Line) -> Incoming:
        if said == "<identifier>":
            return chat._incoming(self.identifiers[name])
        return chat._incoming(said if isinstance(said, Press) else typed(self.world, said, chat._picture()))

    def _hear(self, delivery: Delivery) -> None:
        self.chats[delivery.chat]._hear(delivery)

    def _note(self, _c: object, _d: object, sql: str, _p: object, _x: object, _m: object) -> None:
        self.statements.append(sql)


def _outward(delivery: Delivery) -> Sequence[str]:
    """Return everything about a delivery that a person could notice."""
    return [heard(delivery.replies), f"{len(delivery.replies)} replies", f"removes {delivery.remove_message!r}"]
