"""What a large database and a long life cost: turns among 1 million people beside turns among none, and memory.

    python -m tests.benchmarks.growth [PEOPLE MESSAGES [LIFE]]

The same 300 chats say the same to two databases, turn and turn about: an empty one, and one with PEOPLE (1,000,000),
each with an account and a conversation, and MESSAGES (10,000,000) in transcripts, inbox and outbox. With LIFE so many
messages then go through this one process, 64 chats a transaction, and the memory is printed at every tenth.
"""

import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe

from bot.app import open_fitting
from bot.dialogue.conversation import Conversations
from bot.dialogue.messages import Delivery, Incoming, Sent
from bot.flows import all_flows
from core import rules
from core.database import Database
from core.keys import Keys
from knowledge.library import Library
from tests.benchmarks.conversation import CHATS, SERVICE, Person, opened, percentile

PEOPLE, MESSAGES = 1_000_000, 10_000_000
AT_ONCE = 64
NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) "
CROWD = (
    """INSERT INTO accounts (username, username_key, first_name, last_name, email, email_key, state, registered_at)
    SELECT 'u' || n, 'u' || n, 'Pat', 'Lee', 'u' || n || '@example.org', 'u' || n || '@example.org', 'active',
    '2026-01-01 00:00:00' FROM numbers""",
    """INSERT INTO conversations (channel, chat, language, state, created_at, touched_at)
    SELECT 'benchmark', CAST(n - 1 AS TEXT), 'en', '{{}}', '2026-01-01 00:00:00', '2026-01-01 00:00:00' FROM numbers""",
)
SAID = (
    """INSERT INTO messages (conversation_id, at, author, text, meaning) SELECT n % {people} + 1, '2026-01-01 00:00:00',
    CASE n % 2 WHEN 0 THEN 'person' ELSE 'bot' END, 'What is said in a message of the usual length.', 'entry:x'
    FROM numbers""",
    """INSERT INTO inbox (channel, key, chat, received_at, tries, handled_at) SELECT 'benchmark', 'old' || n,
    CAST(n % {people} AS TEXT), '2026-01-01 00:00:00', 0, '2026-01-01 00:00:00' FROM numbers""",
    """INSERT INTO outbox (kind, conversation_id, payload, created_at, due_at, tries, settled_at, outcome) SELECT
    'replies', n % {people} + 1, '{{}}', '2026-01-01 00:00:00', '2026-01-01 00:00:00', 0, '2026-01-01 00:00:00', 'sent'
    FROM numbers""",
)


def crowd(path: Path, people: int, messages: int) -> None:
    """Fill a migrated database."""
    with closing(opened(path)) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        for statements, count in ((CROWD, people), (SAID, messages)):
            for statement in statements:
                insert, _, select = statement.format(people=people).partition("SELECT")
                connection.execute(f"{NUMBERS.format(count=count)} {insert} SELECT {select}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def conversing(folder: Path, library: Library, keys: Keys, people: int, messages: int) -> Conversations:
    """Return conversations over a new database with so many people and messages."""
    database = Database(f"sqlite:///{folder}/{people}.db")
    database.migrate()
    if people:
        crowd(folder / f"{people}.db", people, messages)
    return Conversations(
        database, keys, lambda: library, all_flows(), lambda: datetime.now(UTC), lambda: token_urlsafe(6)
    )


def turns(both: dict[str, Conversations], keys: Keys, questions: list[str]) -> dict[str, list[float]]:
    """Let the same people talk to each, turn and turn about; return the seconds of every turn, matching apart."""
    taken: dict[str, list[float]] = {name: [] for name in both}
    for number in range(CHATS):
        talking = {name: Person(number, conversations, keys, questions) for name, conversations in both.items()}
        for messages in zip(*(person.messages() for person in talking.values()), strict=True):
            for (name, person), message in zip(talking.items(), messages, strict=True):
                conversations = both[name]
                prepared = conversations.prepare(message)
                start = time.perf_counter()
                [delivery] = conversations.work([prepared])
                assert isinstance(delivery, Delivery)
                conversations.sent(delivery)
                taken[name].append(time.perf_counter() - start)
                person.hears(delivery)
    return taken


def living(conversations: Conversations, questions: list[str], messages: int) -> Iterator[tuple[int, float]]:
    """Let so many messages through; yield at every tenth how many they were and the megabytes of this process."""
    sent: list[Sent] = []
    done = 0
    for tenth in range(1, 11):
        while done < tenth * messages / 10:
            texts = [questions[(done + number) % len(questions)] for number in range(AT_ONCE)]
            said = [
                Incoming("life", str((done + number) % 3_000), str(done + number), text)
                for number, text in enumerate(texts)
            ]
            deliveries = conversations.work([conversations.prepare(each) for each in said], sent)
            sent = [Sent(each, None) for each in deliveries if isinstance(each, Delivery)]
            done += len(said)
        yield done, resident()


def resident() -> float:
    """Return the megabytes of memory that this process has now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main(people: int, messages: int, life: int) -> None:
    """Print the tables."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    library = Library.load(service=SERVICE, enforced=rules.ENFORCED, fitting=open_fitting())
    questions = [text for entry in library.language("en").entries.values() for text in entry.phrasings]
    keys = Keys(token_urlsafe(48))
    with tempfile.TemporaryDirectory() as name:
        both = {
            "an empty database": conversing(Path(name), library, keys, 0, 0),
            f"{people:,} people, {messages:,} messages": conversing(Path(name), library, keys, people, messages),
        }
        print("turns in                                | p50 ms | p99 ms | of the empty one's p99")
        taken = turns(both, keys, questions)
        empty = percentile(taken["an empty database"], 0.99)
        for each, seconds in taken.items():
            slow = percentile(seconds, 0.99)
            print(f"{each:39} | {percentile(seconds, 0.5):6.2f} | {slow:6.2f} | {slow / empty:.2f}", flush=True)
        if life:
            print("\nmessages through one process | MB")
            for done, megabytes in living(both["an empty database"], questions[:512], life):
                print(f"{done:28,} | {megabytes:.0f}", flush=True)


if __name__ == "__main__":
    given = sys.argv[1:]
    if len(given) not in (0, 2, 3) or not all(each.isdigit() for each in given):
        sys.exit(__doc__)
    crowded, said, lived = ([int(each) for each in given] + [PEOPLE, MESSAGES, 0][len(given) :])[:3]
    main(crowded, said, lived)
