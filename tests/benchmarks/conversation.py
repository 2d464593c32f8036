"""How many messages a second a conversation takes, how long a turn is, and what one bare transaction costs beside it.

    python -m tests.benchmarks.conversation [CHATS]

Each of 300 chats, or as many as are asked for, sends ten messages: five questions, and between them five answers,
buttons and actions. Everything is on SQLite, in WAL mode with synchronous=FULL, in a folder that is removed afterwards.
"""

import os
import platform
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe

from bot.app import open_fitting
from bot.dialogue.conversation import Conversations
from bot.dialogue.messages import Delivery, Incoming, Reply
from bot.flows import all_flows
from core import rules, verification
from core.database import Database
from core.keys import Keys
from knowledge.library import Library
from tests.benchmarks.accuracy import shortened

CHATS = 300
THREADS = 8
SERVICE = {"service_sender": "cers-support@example.org", "service_url": "http://127.0.0.1:8000"}


class Person:
    """Somebody who asks, answers and presses buttons, ten times."""

    STEPS = (
        "question",
        "begin",
        "question",
        "address",
        "question",
        "characters",
        "question",
        "button",
        "question",
        "button",
    )

    def __init__(self, number: int, conversations: Conversations, keys: Keys, questions: Sequence[str]) -> None:
        """Talk over `conversations`, the questions drawn by the person's number."""
        self._chat = str(number)
        self._conversations = conversations
        self._keys = keys
        self._questions = questions
        self._rng = random.Random(number)
        self._replies: tuple[Reply, ...] = ()

    def messages(self) -> Iterator[Incoming]:
        """Yield what is sent, each message once the one before was answered (see `hears`)."""
        for place, step in enumerate(self.STEPS):
            text, button = "", ""
            match step:
                case "question":
                    text = shortened(self._rng.choice(self._questions), self._rng)
                case "begin":
                    text = "I forgot my username"
                case "address":
                    text = f"person{self._chat}@example.org"
                case "characters":
                    text = self._characters()
                case _:
                    button = self._rng.choice([each.data for reply in self._replies for each in reply.buttons] or ["-"])
            yield Incoming("benchmark", self._chat, f"{self._chat}:{place}", text, button)

    def hears(self, delivery: Delivery | None) -> None:
        """Take in what was answered."""
        self._replies = delivery.replies if delivery else ()

    def _characters(self) -> str:
        picture = next((reply.picture for reply in self._replies if reply.picture), None)
        return verification.shown(self._keys, picture.kind, picture.challenge) if picture else "never mind"


def talk(people: Sequence[Person], conversations: Conversations, *, mark: bool) -> list[float]:
    """Let these people talk in turn; return how many seconds each turn took."""
    taken = []
    for incoming in zip(*(person.messages() for person in people), strict=True):
        for person, message in zip(people, incoming, strict=True):
            start = time.perf_counter()
            delivery = conversations.receive(message)
            if mark and delivery is not None:
                conversations.sent(delivery)
            taken.append(time.perf_counter() - start)
            person.hears(delivery)
    return taken


def conversing(library: Library, folder: Path, chats: int, threads: int, *, mark: bool) -> tuple[float, list[float]]:
    """Return messages a second, and the seconds of every turn."""
    database = Database(f"sqlite:///{folder}/benchmark.db")
    database.migrate()
    keys = Keys(token_urlsafe(48))
    conversations = Conversations(
        database, keys, lambda: library, all_flows(), lambda: datetime.now(UTC), lambda: token_urlsafe(6)
    )
    questions = [text for entry in library.language("en").entries.values() for text in entry.phrasings]
    people = [Person(number, conversations, keys, questions) for number in range(chats)]
    crowds = [people[number::threads] for number in range(threads)]
    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        taken = [
            each for crowd in pool.map(lambda crowd: talk(crowd, conversations, mark=mark), crowds) for each in crowd
        ]
    rate = len(taken) / (time.perf_counter() - start)
    database.close()
    return rate, taken


def transacting(folder: Path, messages: int, threads: int) -> tuple[float, list[float]]:
    """Return bare transactions a second (INSERT, SELECT, UPDATE, INSERT, commit), and the seconds of each."""
    path = folder / "bare.db"
    with closing(opened(path)) as connection:
        connection.execute("CREATE TABLE inbox (id INTEGER PRIMARY KEY, key TEXT UNIQUE, handled TEXT)")
        connection.execute("CREATE TABLE chats (id INTEGER PRIMARY KEY, state TEXT)")
        connection.execute("CREATE TABLE outbox (id INTEGER PRIMARY KEY, payload TEXT)")
        connection.executemany("INSERT INTO chats (state) VALUES (?)", [("{}",)] * CHATS)

    def work(thread: int) -> list[float]:
        taken = []
        with closing(opened(path)) as connection:
            for number in range(messages // threads):
                start = time.perf_counter()
                chat = number % CHATS + 1
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT INTO inbox (key, handled) VALUES (?, 'now')", (f"{thread}:{number}",))
                state = connection.execute("SELECT state FROM chats WHERE id = ?", (chat,)).fetchone()[0]
                connection.execute("UPDATE chats SET state = ? WHERE id = ?", (state, chat))
                connection.execute("INSERT INTO outbox (payload) VALUES (?)", ("a reply of some length " * 10,))
                connection.execute("COMMIT")
                taken.append(time.perf_counter() - start)
        return taken

    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        taken = [each for some in pool.map(work, range(threads)) for each in some]
    return len(taken) / (time.perf_counter() - start), taken


def opened(path: Path) -> sqlite3.Connection:
    """Return a bare connection as the service sets its own."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def percentile(taken: Sequence[float], share: float) -> float:
    """Return the milliseconds that this share of the turns does not exceed."""
    return 1000 * sorted(taken)[min(len(taken) - 1, int(share * len(taken)))]


def main(chats: int) -> None:
    """Print both tables."""
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    print(f"{platform.machine()}, {os.cpu_count()} cores, {versions}")
    start = time.perf_counter()
    library = Library.load(service=SERVICE, enforced=rules.ENFORCED, fitting=open_fitting())
    loaded = time.perf_counter()
    library.language("en").matcher.match("hello")
    fitted = time.perf_counter()
    print(f"\nLibrary.load {loaded - start:.2f} s, the first matcher {fitted - loaded:.2f} s")
    print(f"\n{chats} chats, {len(Person.STEPS)} messages each\n")
    print("what                             | threads | a second | p50 ms | p99 ms | of a bare transaction's rate")
    messages = chats * len(Person.STEPS)
    for threads in (1, THREADS):
        bare = 0.0
        for name in ("bare sqlite3 transaction", "receive", "receive, then note it as sent"):
            with tempfile.TemporaryDirectory() as folder:
                if not bare:
                    rate, taken = transacting(Path(folder), messages, threads)
                    bare = rate
                else:
                    rate, taken = conversing(library, Path(folder), chats, threads, mark="sent" in name)
            median, slow = percentile(taken, 0.5), percentile(taken, 0.99)
            row = f"{name:32} | {threads:7} | {rate:8.0f} | {median:6.2f} | {slow:6.2f} | {rate / bare:.2f}"
            print(row, flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2 or not all(each.isdigit() for each in sys.argv[1:]):
        sys.exit(__doc__)
    main(int(sys.argv[1]) if sys.argv[1:] else CHATS)
