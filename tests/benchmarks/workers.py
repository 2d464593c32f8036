"""How many updates a second one worker and two workers take over one PostgreSQL, by webhook.

    python -m tests.benchmarks.workers [ROUNDS]

PostgreSQL, a Bot API server and the workers share this machine's cores, and the same 300 people talk as in
`tests.benchmarks.throughput`: two workers can be as much faster as there are cores for them.
"""

import json
import os
import platform
import random
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from knowledge.library import Library
from tests.benchmarks.conversation import SERVICE
from tests.benchmarks.throughput import ROUNDS, STEPS, processor_seconds, texts
from tests.postgres import PostgreSQL, running


def measured(server: PostgreSQL, workers: int, said: list[list[str]]) -> dict[str, Any]:
    """Return what the Bot API server measured, and the processor's microseconds an update of all workers together."""
    with tempfile.TemporaryDirectory() as name, server.without_tables() as address:
        script = Path(name, "script.json")
        script.write_text(json.dumps({"texts": said, "rate": 0, "at_once": False, "database": "", "hooks": workers}))
        api = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.bot_api", str(script)], stdout=subprocess.PIPE)
        assert api.stdout is not None
        port = api.stdout.readline().decode().strip()
        bots = [
            subprocess.Popen([sys.executable, "-m", "tests.benchmarks.bots", address, port, name])
            for _ in range(workers)
        ]
        try:
            api.stdout.readline()
            before = sum(processor_seconds(bot.pid) for bot in bots)
            found: dict[str, Any] = json.loads(api.stdout.readline())
            taken = sum(processor_seconds(bot.pid) for bot in bots) - before
        finally:
            for bot in bots:
                bot.send_signal(signal.SIGKILL)
                bot.wait()
            api.kill()
            api.wait()
            api.stdout.close()
        return found | {"cpu_us": 1e6 * taken / found["updates"]}


def main(rounds: int) -> None:
    """Print the table."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {rounds} rounds\n")
    print("workers | updates/s | of one worker | CPU us an update")
    library = Library.load(service=SERVICE)
    rates: dict[int, list[float]] = {1: [], 2: []}
    last: dict[int, dict[str, Any]] = {}
    with running() as server:
        for number in range(rounds):
            for workers, several in rates.items():
                last[workers] = measured(server, workers, texts(library, len(STEPS), random.Random(number)))
                several.append(last[workers]["a_second"])
    one = statistics.median(rates[1])
    for workers, several in rates.items():
        rate = statistics.median(several)
        print(f"{workers:7} | {rate:9.0f} | {rate / one:13.2f} | {last[workers]['cpu_us']:16.0f}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2 or not all(each.isdigit() for each in sys.argv[1:]):
        sys.exit(__doc__)
    main(int(sys.argv[1]) if sys.argv[1:] else ROUNDS)
