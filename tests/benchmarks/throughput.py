"""How many updates a second the service takes beside a bare python-telegram-bot echo, and how long an answer takes.

    python -m tests.benchmarks.throughput [ROUNDS]

One process on SQLite with everything on, a Bot API server on loopback in another, 300 chats that say ten things each:
five questions, and between them five answers, buttons and actions. The echo is python-telegram-bot as it comes, with
its own HTTP client, in the same run and in turns with the service; it finds all that is said waiting from the start,
which suits it best, while the service gets what people say once they have seen its answer. Then both get 100 messages a
second. Either may use every core: the echo has no work for a second one, the service matches there.
"""

import json
import os
import platform
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from knowledge.library import Library
from tests.benchmarks.accuracy import shortened
from tests.benchmarks.conversation import SERVICE

CHATS = 300
ROUNDS = 3
RATE = 100
SECONDS = 20
# As people talk: see tests/benchmarks/conversation.py. "?" is what the picture shows, "press" one of the buttons.
STEPS = ("q", "I forgot my username", "q", "person{chat}@example.org", "q", "?", "q", "press", "q", "press")
BOTS = {"bare python-telegram-bot echo": "echo", "the service": "service"}


def texts(library: Library, count: int, rng: random.Random) -> list[list[str]]:
    """Return what each of the people says."""
    questions = [text for entry in library.language("en").entries.values() for text in entry.phrasings]
    return [
        [
            shortened(rng.choice(questions), rng) if step == "q" else step.format(chat=chat)
            for step in (STEPS * (1 + count // len(STEPS)))[:count]
        ]
        for chat in range(CHATS)
    ]


def measured(kind: str, said: list[list[str]], rate: float) -> dict[str, Any]:
    """Return what the server measured of a bot, and how many messages were answered out of order."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = folder / "benchmark.db" if kind == "service" else ""
        (folder / "script.json").write_text(
            json.dumps({"texts": said, "rate": rate, "at_once": kind == "echo" and not rate, "database": str(database)})
        )
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.bot_api", str(folder / "script.json")],
            stdout=subprocess.PIPE,
        )
        assert server.stdout is not None
        port = int(server.stdout.readline())
        bot = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.bots", kind, str(port), name])
        try:
            server.stdout.readline()
            before = processor_seconds(bot.pid)
            found: dict[str, Any] = json.loads(server.stdout.readline())
            found["cpu_us"] = 1e6 * (processor_seconds(bot.pid) - before) / found["updates"]
        finally:
            bot.send_signal(signal.SIGKILL)
            bot.wait()
            server.kill()
            server.wait()
            server.stdout.close()
        return found | {"disordered": disordered(database, said) if database else 0}


def processor_seconds(process: int) -> float:
    """Return how long a process has had a core so far (Linux), which a busy machine does not change much."""
    path = Path(f"/proc/{process}/stat")
    if not path.exists():
        return 0.0
    fields = path.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def disordered(database: Path | str, said: list[list[str]]) -> int:
    """Return in how many chats the transcript does not have the texts in the order in which they were said."""
    wrong = 0
    with closing(sqlite3.connect(database)) as connection:
        for chat, mine in enumerate(said):
            query = (
                "SELECT text FROM messages m JOIN conversations c ON c.id = m.conversation_id"
                " WHERE c.chat = ? AND author = 'person' ORDER BY m.id"
            )
            kept = [text for (text,) in connection.execute(query, (str(chat + 1),))]
            asked = [text for text in mine if text in kept]
            heard = [text for text in kept if text in mine]
            wrong += heard != asked
    return wrong


def main(rounds: int) -> None:
    """Print the tables."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {rounds} rounds\n")
    library = Library.load(service=SERVICE)
    print("as fast as they can            | updates/s | of the echo | CPU us | calls an update | chats out of order")
    rates: dict[str, list[float]] = {name: [] for name in BOTS}
    last: dict[str, dict[str, Any]] = {}
    for number in range(rounds):
        for name, kind in BOTS.items():
            last[name] = measured(kind, texts(library, len(STEPS), random.Random(number)), 0)
            rates[name].append(last[name]["a_second"])
    bare = statistics.median(rates["bare python-telegram-bot echo"])
    for name, several in rates.items():
        rate, found = statistics.median(several), last[name]
        calls, cpu = found["calls"] / found["updates"], found["cpu_us"]
        row = f"{name:30} | {rate:9.0f} | {rate / bare:11.2f} | {cpu:6.0f} | {calls:15.1f} | {found['disordered']:18}"
        print(row, flush=True)
    print(f"\n{RATE} messages a second         |    p50 ms |      p99 ms | CPU us")
    for name, kind in BOTS.items():
        found = measured(kind, texts(library, RATE * SECONDS // CHATS, random.Random(7)), RATE)
        print(f"{name:30} | {found['p50']:9.1f} | {found['p99']:11.1f} | {found['cpu_us']:6.0f}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2 or not all(each.isdigit() for each in sys.argv[1:]):
        sys.exit(__doc__)
    main(int(sys.argv[1]) if sys.argv[1:] else ROUNDS)
