"""The guarantees that every turn gives: G1, one message acts once, and G3, nothing is said before it is so."""

import re
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from bot.dialogue.conversation import Conversations
from bot.dialogue.messages import Delivery, Incoming
from core import rules
from core.database import Database
from tests.asking import MAIL_A_CODE, PERSON, RECOVER, RESEND, RESET, Pairs, on_its_way
from tests.world import Characters, Chat, MailedCode, Press, Said, World, converse, library

TURNS: dict[str, tuple[Pairs, Said]] = {
    "a greeting": ([], "hello"),
    "a question": ([], "how long is the activation link valid?"),
    "an action begins": ([], "recover my username"),
    "a question within an action": (RECOVER, "what is a CUPA?"),
    "right characters": (RECOVER, Characters()),
    "right characters, the second time": ([*RESET, (Characters(), "is on its way"), *RESEND], Characters()),
    "wrong characters": (RECOVER, Characters(wrong=True)),
    "a code is asked for": (RECOVER, MAIL_A_CODE),
    "a right code": ([*RECOVER, (MAIL_A_CODE, "8 digits")], MailedCode()),
    "a wrong code": ([*RECOVER, (MAIL_A_CODE, "8 digits")], MailedCode(wrong=True)),
    "a ticket": (PERSON, Press("Send it")),
    "back": (RECOVER, "back"),
    "all is forgotten": ([*RESET, ("/forget", "")], "yes"),
}


class Crash(Exception):
    """The process stopped here."""


@dataclass
class Fuse:
    """Lets so many statements of a database through, then breaks; a commit is the last of its turn."""

    lasts: int = 10_000
    blown: bool = False
    passed: list[str] = field(default_factory=list)

    def guard(self, database: Database) -> None:
        """Watch every statement and commit of the database."""

        def statement(_c: object, _d: object, sql: str, _p: object, _x: object, _m: object) -> None:
            self._pass(sql)

        def commit(_: Connection) -> None:
            self._pass("COMMIT")

        event.listen(database.engine, "before_cursor_execute", statement)
        event.listen(database.engine, "commit", commit)

    def _pass(self, sql: str) -> None:
        if self.blown or len(self.passed) == self.lasts:
            self.blown = True
            raise Crash(sql)
        self.passed.append(sql)


@dataclass(frozen=True)
class Moment:
    """A world at the moment before a message, as a file of which copies are made."""

    world: World
    incoming: Incoming

    def copy(self, folder: Path) -> World:
        """Return a world of its own at this moment."""
        folder.mkdir()
        self.world.close()  # what is in the log goes into the file
        shutil.copy(self.world.folder / "world.db", folder / "world.db")
        return World(folder, now=self.world.now)

    def handled(self, world: World, fuse: Fuse | None = None) -> Delivery | None:
        """Return what the message was answered with there."""
        database = world.database()
        if fuse is not None:
            fuse.guard(database)
        try:
            return talk_over(world, database).receive(self.incoming)
        finally:
            database.close()


def talk_over(world: World, database: Database) -> Conversations:
    """Return conversations whose buttons bear the same stamp whenever they are tried again."""
    return Conversations(database, world.keys, library, world.flows, world.clock, lambda: "stamp")


def stored(world: World) -> str:
    """Return everything that the database holds, but for what is drawn at random."""
    with closing(sqlite3.connect(world.folder / "world.db")) as connection:
        return re.sub(r"'[0-9a-f]{16}'", "'lease'", "\n".join(connection.iterdump()))


@pytest.fixture(params=TURNS)
async def moment(request: pytest.FixtureRequest, world: World, chat: Chat) -> Moment:
    """Return the moment before one of the turns."""
    before, said = TURNS[request.param]
    await converse(chat, before)
    return Moment(world, chat._incoming(said))


@pytest.fixture
async def asking(world: World, chat: Chat) -> Moment:
    """Return the moment before the characters that prove a request are typed."""
    await converse(chat, RECOVER)
    return Moment(world, chat._incoming(Characters()))


def test_g1_a_crash_at_any_statement_leaves_no_trace_and_the_repeated_message_acts_once(
    moment: Moment, tmp_path: Path
) -> None:
    before = stored(moment.world)
    undisturbed = moment.copy(tmp_path / "undisturbed")
    whole = Fuse()
    answer = moment.handled(undisturbed, whole)
    after = stored(undisturbed)
    assert answer is not None
    assert after != before
    assert (whole.passed[0], whole.passed[-1]) == ("BEGIN IMMEDIATE", "COMMIT")
    for statement in range(len(whole.passed)):
        world = moment.copy(tmp_path / str(statement))
        with pytest.raises(Crash):
            moment.handled(world, Fuse(lasts=statement))
        assert stored(world) == before, f"a crash before {whole.passed[statement]} left a trace"
        repeated = moment.handled(world)
        assert repeated is not None
        assert repeated.replies == answer.replies
        assert stored(world) == after
        assert moment.handled(world) is None
        assert stored(world) == after


def test_g1_a_message_that_eight_hand_in_at_once_is_handled_once(moment: Moment, tmp_path: Path) -> None:
    alone, crowded = moment.copy(tmp_path / "alone"), moment.copy(tmp_path / "crowded")
    moment.handled(alone)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: moment.handled(crowded), range(8)))
    assert sum(answer is not None for answer in answers) == 1
    assert stored(crowded) == stored(alone)


def test_g1_a_reply_that_a_crash_kept_from_being_sent_is_sent_once_by_another(asking: Moment) -> None:
    world = asking.world
    answer = asking.handled(world)
    assert answer is not None
    database = world.database()
    conversations = world.conversations(database)
    assert conversations.left_over("test") == []
    world.later(rules.LEASE_SECONDS / 60)
    (again,) = conversations.left_over("test")
    assert again.replies == answer.replies
    conversations.sent(again)
    world.later(60)
    assert conversations.left_over("test") == []
    database.close()


def others_see(world: World) -> int:
    """Return how many requests are there for anybody but the turn itself."""
    with closing(sqlite3.connect(world.folder / "world.db")) as connection:
        return int(connection.execute("SELECT count(*) FROM account_requests").fetchone()[0])


def test_g3_what_was_said_to_be_on_its_way_is_committed_when_it_is_said(asking: Moment) -> None:
    database = asking.world.database()
    seen = []
    event.listen(database.engine, "commit", lambda _: seen.append(others_see(asking.world)))
    assert on_its_way(talk_over(asking.world, database).receive(asking.incoming))
    database.close()
    assert seen == [0]
    assert others_see(asking.world) == 1


def test_g3_where_the_commit_fails_nothing_is_said_then_or_later(asking: Moment, tmp_path: Path) -> None:
    whole = Fuse()
    asking.handled(asking.copy(tmp_path / "undisturbed"), whole)
    world = asking.world
    with pytest.raises(Crash):
        asking.handled(world, Fuse(lasts=len(whole.passed) - 1))
    world.later(24 * 60)
    database = world.database()
    assert world.conversations(database).left_over("test") == []
    database.close()
    assert others_see(world) == 0
