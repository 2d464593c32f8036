"""A turn is a constant number of statements, each by an index, whatever the size of the tables and of the batch."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import event, insert

from bot.dialogue.conversation import Conversations
from bot.dialogue.messages import Delivery, Incoming, Sent
from bot.dialogue.preparing import Prepared
from core.database import Database
from core.pacing import PACES
from core.tables import Base, Conversation, Message, Owed, Received
from tests.world import World, library

PEOPLE = 2_000
MESSAGES = 20_000
QUESTION = "how long is the activation link valid?"


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Yield what is executed meanwhile."""
    executed: list[str] = []

    def note(_c: object, _d: object, sql: str, _p: object, _x: object, _m: object) -> None:
        executed.append(sql)

    event.listen(database.engine, "before_cursor_execute", note)
    yield executed
    event.remove(database.engine, "before_cursor_execute", note)


def talk_over(world: World, database: Database) -> Conversations:
    return Conversations(database, world.keys, library, world.flows, world.clock, lambda: "stamp", PACES)


def asked(conversations: Conversations, people: range, time: int) -> list[Prepared]:
    incomings = [Incoming("telegram", str(person), f"{person}:{time}", QUESTION) for person in people]
    return [conversations.prepare(each) for each in incomings]


def worked(conversations: Conversations, database: Database, people: range) -> list[str]:
    """Let people ask twice; return the statements of the second time, when they are known and the first is settled."""
    first = conversations.work(asked(conversations, people, 1))
    sent = [Sent(each, "1") for each in first if isinstance(each, Delivery)]
    assert len(sent) == len(people)
    with statements(database) as executed:
        assert None not in conversations.work(asked(conversations, people, 2), sent)
    return [re.split(r" IN \(| VALUES ", sql)[0] for sql in executed]


def crowd(database: Database, world: World) -> None:
    """Fill the tables."""
    with database.transaction() as session:
        now = world.now
        session.execute(
            insert(Conversation),
            [
                {
                    "channel": "telegram",
                    "chat": f"c{n}",
                    "language": "en",
                    "state": {},
                    "created_at": now,
                    "touched_at": now,
                }
                for n in range(PEOPLE)
            ],
        )
        session.execute(
            insert(Message),
            [
                {"conversation_id": n % PEOPLE + 1, "at": now, "author": "bot", "text": "hello", "meaning": "remark"}
                for n in range(MESSAGES)
            ],
        )
        session.execute(
            insert(Received),
            [
                {"channel": "telegram", "key": f"k{n}", "chat": f"c{n % PEOPLE}", "received_at": now, "tries": 0}
                for n in range(MESSAGES)
            ],
        )
        session.execute(
            insert(Owed),
            [
                {
                    "kind": "replies",
                    "conversation_id": n % PEOPLE + 1,
                    "payload": {},
                    "created_at": now,
                    "due_at": now,
                    "tries": 0,
                }
                for n in range(MESSAGES)
            ],
        )


def test_a_turn_is_as_many_statements_in_a_crowd_as_alone(world: World) -> None:
    database = world.database()
    conversations = talk_over(world, database)
    alone = worked(conversations, database, range(1, 2))
    crowd(database, world)
    in_crowd = worked(conversations, database, range(101, 102))
    together = worked(conversations, database, range(201, 251))
    database.close()
    assert in_crowd == alone
    assert together == alone, "50 turns in one transaction are more statements than one"
    assert len(alone) <= 10


def test_no_statement_of_a_turn_reads_a_whole_table(world: World) -> None:
    database = world.database()
    crowd(database, world)
    conversations = talk_over(world, database)
    executed: list[tuple[str, Any]] = []

    def note(_c: object, _d: object, sql: str, parameters: Any, _x: object, many: bool) -> None:
        if not sql.startswith(("BEGIN", "INSERT")):
            executed.append((sql, parameters[0] if many else parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    first = conversations.work(asked(conversations, range(1, 51), 1))
    sent = [Sent(each, "1") for each in first if isinstance(each, Delivery)]
    conversations.work(asked(conversations, range(1, 51), 2), sent)
    database.close()
    with closing(sqlite3.connect(world.folder / "world.db")) as connection:
        plans = {
            step[3]: sql
            for sql, parameters in executed
            for step in connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        }
    assert len(plans) > 5
    whole = {f"SCAN {table}" for table in Base.metadata.tables}
    assert not [(step, sql) for step, sql in plans.items() if step.partition(" USING")[0] in whole]
