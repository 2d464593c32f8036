"""A world to talk in: a database, a clock that tests own, letters that arrive, and people who say and hear things."""

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from sqlalchemy import select

from bot.delivery.rendering import Renderer
from bot.delivery.worker import Worker
from bot.dialogue.conversation import Conversations
from bot.dialogue.flow import Flow
from bot.dialogue.messages import Delivery, Incoming, Picture, Reply, Sender
from bot.flows import all_flows
from core import accounts, rules, verification
from core.database import Database
from core.keys import Keys
from core.tables import Base
from knowledge.library import Library
from tests.letterbox import Letterbox
from tests.matching import installed

SECRET = "a secret key of the tests, long enough to be one"
ADDRESS = "http://127.0.0.1:8000"
SENDER = "cers-support@example.org"
MONDAY = datetime(2026, 11, 16, 18, 0, tzinfo=UTC)

Row = TypeVar("Row", bound=Base)

_library: list[Library] = []


def library() -> Library:
    """Return the shipped knowledge, loaded once: it is immutable."""
    if not _library:
        facts = {"service_sender": SENDER, "service_url": ADDRESS}
        _library.append(Library.load(service=facts, enforced=rules.ENFORCED, fitting=installed()))
    return _library[0]


@dataclass
class World:
    """One service on one database; `now` moves when a test says so."""

    folder: Path
    now: datetime = MONDAY
    letterbox: Letterbox = field(default_factory=Letterbox)
    flows: Mapping[str, Flow] = field(default_factory=all_flows)
    keys: Keys = field(default_factory=lambda: Keys(SECRET))
    url: str = ""  # SQLite in `folder`, unless it names another database, which has its tables
    shared: Database | None = None  # the same database, by an object that knows the statements of earlier worlds

    def __post_init__(self) -> None:
        self._stamps = itertools.count(1)
        self._began = time.monotonic()
        self._opened: list[Database] = []
        self._workers: dict[tuple[int, int, int], Worker] = {}
        if self.url:
            return
        self.url = f"sqlite:///{self.folder}/world.db"
        if not (self.folder / "world.db").exists():
            database = self.database()
            Base.metadata.create_all(database.engine)
            database.close()

    def database(self) -> Database:
        """Return a new connection to the one database."""
        self._opened.append(Database(self.url))
        return self._opened[-1]

    @cached_property
    def home(self) -> Database:
        """The database as the people and workers of this world share it: its statements are compiled once."""
        return self.shared or self.database()

    def close(self) -> None:
        """Close every connection that was left open, as by a kill."""
        for each in (*self._opened, *filter(None, [self.shared])):
            each.close()

    def conversations(self, database: Database) -> Conversations:
        """Return new conversations over it, as after a restart."""
        return Conversations(database, self.keys, library, self.flows, self.clock, self._stamp, paces={})

    def clock(self) -> datetime:
        """Return the time that the test set."""
        return self.now

    def running_clock(self) -> datetime:
        """Return the time that the test set, running on ten times as fast: by it a channel paces what it sends."""
        return self.now + timedelta(seconds=10 * (time.monotonic() - self._began))

    def later(self, minutes: float) -> None:
        """Let time pass."""
        self.now += timedelta(minutes=minutes)

    def populate(self) -> None:
        """Make an account in each state."""
        self.account("danalee1", "dana@example.org")
        self.account("omarwash", "omar@example.org", state="awaiting_activation", days_ago=2)
        self.account("luciafarm", "lucia@example.org", state="awaiting_activation", days_ago=40)

    def account(self, username: str, email: str, *, state: str = "active", days_ago: int = 60) -> None:
        """Make an account: `active`, or `awaiting_activation` since so many days."""
        registered = self.now - timedelta(days=days_ago)
        with self.home.transaction() as session:
            account = accounts.register(
                session,
                registered,
                username=username,
                first_name="Dana",
                last_name="Example",
                email=email,
                password_hash="$argon2id$none",
                protection_phrase="a phrase",
            )
            if state == "active":
                accounts.activate(session, account, registered)

    async def work(self, senders: Mapping[str, Sender] | None = None) -> None:
        """Let a worker do whatever is due now; one that sends to channels is a new one, as after a restart."""
        worker = self._worker if senders is None else self.worker(senders)
        while await worker.work():
            pass

    def worker(self, senders: Mapping[str, Sender]) -> Worker:
        """Return a worker that sends by these channels."""
        conversations = self.conversations(self.home)
        renderer = Renderer(library, self.keys, ADDRESS, SENDER)
        return Worker(self.home, self.keys, self.clock, conversations, renderer, self.letterbox, senders)

    @property
    def _worker(self) -> Worker:
        """A worker without channels, the same while its parts are: it purges once an hour, not with every letter."""
        parts = (id(self.keys), id(self.letterbox), id(self.flows))
        if parts not in self._workers:
            self._workers[parts] = self.worker({})
        return self._workers[parts]

    def rows(self, table: type[Row]) -> Sequence[Row]:
        """Return every row of a table."""
        with self.home.reading() as session:
            return session.scalars(select(table)).all()

    def _stamp(self) -> str:
        return f"s{next(self._stamps)}"


@dataclass(frozen=True)
class Press:
    """A press on the button of this label."""

    label: str


@dataclass(frozen=True)
class Characters:
    """What stands in the picture that was shown last (or is heard)."""

    wrong: bool = False


@dataclass(frozen=True)
class MailedCode:
    """The code of the letter that came last."""

    wrong: bool = False


@dataclass(frozen=True)
class Wait:
    """Time passes, and whatever is due happens."""

    minutes: float


Said = str | Press | Characters | MailedCode | Wait | Incoming
Heard = str | tuple[str, ...] | Callable[[str], bool]


class Chat:
    """Somebody who talks straight to the dialogue: at every message all objects over the database are new, and each
    comes twice.
    """

    def __init__(self, world: World, chat: str = "17", channel: str = "test", *, private: bool = True) -> None:
        self.world = world
        self.chat = chat
        self.channel = channel
        self.private = private
        self.replies: tuple[Reply, ...] = ()
        self.delivery: Delivery | None = None
        self._keys = itertools.count(1)

    async def says(self, said: Said) -> str:
        """Say something and return what is heard: texts, and labels of buttons in brackets."""
        if isinstance(said, Wait):
            self.world.later(said.minutes)
            self.replies = ()
            await self.world.work({self.channel: self})
            return heard(self.replies)
        self._receive_twice(self._incoming(said))
        await self.world.work()
        return heard(self.replies)

    async def presses(self, data: str) -> str:
        """Press a button by its data, live or not, and return what is heard."""
        return await self.says(Incoming(self.channel, self.chat, "", button=data))

    async def send(self, delivery: Delivery) -> None:
        """Hear what the bot says of its own accord."""
        self._hear(delivery)
        self.world.conversations(self.world.home).sent(delivery)

    def _receive_twice(self, incoming: Incoming) -> None:
        for is_new in (True, False):
            conversations = self.world.conversations(self.world.home)
            delivery = conversations.receive(incoming)
            if is_new:
                assert delivery is not None, "a new message was taken for an old one"
                self._hear(delivery)
                conversations.sent(delivery)
            else:
                assert delivery is None, "a message that came twice was handled twice"

    def _hear(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.replies = delivery.replies
        assert all(reply.text.strip() for reply in delivery.replies), "an empty reply"
        assert delivery.replies, "silence"

    def _incoming(self, said: Said) -> Incoming:
        key = f"{self.chat}:{next(self._keys)}"
        if isinstance(said, Incoming):
            return replace(said, channel=self.channel, chat=self.chat, key=key)
        if isinstance(said, Press):
            return Incoming(self.channel, self.chat, key, button=self.button(said.label), private=self.private)
        return Incoming(
            self.channel, self.chat, key, text=typed(self.world, said, self._picture()), private=self.private
        )

    def button(self, label: str) -> str:
        """Return the data of the button that was shown last under this label."""
        shown = {button.label: button.data for reply in self.replies for button in reply.buttons}
        assert label in shown, f"there is no button {label!r}, but {sorted(shown)}"
        return shown[label]

    def _picture(self) -> Picture | None:
        return next((reply.picture for reply in self.replies if reply.picture), None)


def typed(world: World, said: object, picture: Picture | None) -> str:
    """Return what a person types for `said`."""
    match said:
        case Characters(wrong):
            assert picture is not None, "no picture was shown"
            right = verification.shown(world.keys, picture.kind, picture.challenge)
            return mistyped(right) if wrong else right.lower()
        case MailedCode(wrong):
            lines = world.letterbox.letters[-1].body.splitlines()
            code = next(line for line in lines if line.isdigit())
            return mistyped(code) if wrong else f"{code[:4]} {code[4:]}"
        case _:
            return str(said)


def mistyped(right: str) -> str:
    """Return something of the same length that is wrong in every place."""
    return "".join("3" if each != "3" else "4" for each in right)


def heard(replies: Sequence[Reply]) -> str:
    """Return replies as a person takes them in: texts without Markdown escapes, pictures, and buttons in brackets."""
    parts = []
    for reply in replies:
        if reply.picture:
            parts.append(f"<{reply.picture.kind}>")
        parts.append(reply.text.replace("\\", ""))
        parts += [f"[{button.label}]" for button in reply.buttons]
    return "\n".join(parts)


async def converse(chat: "Chat", pairs: Sequence[tuple[Said, Heard]]) -> None:
    """Say and hear each pair in turn; what is heard is a part of it, several parts, or a test."""
    for number, (said, expected) in enumerate(pairs, 1):
        answer = read(await chat.says(said))
        where = f"{number}. said {said!r}, heard:\n{answer}"
        if callable(expected):
            assert expected(answer), where
        else:
            for part in (expected,) if isinstance(expected, str) else expected:
                assert read(part) in answer, f"expected {part!r}; {where}"


def read(text: str) -> str:
    """Return `text` as one reads it on any channel: without marks of bold, and however its lines are broken."""
    return " ".join(text.replace("**", "").split())
