"""How the matcher grows: time to fit and to start again, time a message, and memory, at 100 to 10,000 phrasings.

    python -m tests.benchmarks.scale FOLDER

FOLDER holds banking77_train.csv and banking77_test.csv with the columns text and category (CC BY 4.0).
"""

import resource
import subprocess
import sys
import tempfile
import time
from itertools import groupby
from pathlib import Path

import numpy as np

from knowledge.fitting import Fitting
from tests.benchmarks.accuracy import read

SIZES = (100, 1_000, 10_000)
MESSAGES = 500


def measure(folder: Path, size: int, kept: Path) -> None:
    """Print seconds until the matcher is there, milliseconds a message (median and 99th percentile), and megabytes."""
    train = sorted(read(folder / "banking77_train.csv"))
    rounds = [pair for _, group in groupby(train, key=lambda pair: pair[0]) for pair in enumerate(group)]
    pairs = [pair for _, pair in sorted(rounds, key=lambda numbered: numbered[0])][:size]
    messages = [text for _, text in read(folder / "banking77_test.csv")][:: 3000 // MESSAGES]
    start = time.perf_counter()
    matcher = Fitting.open(kept).matcher(pairs, ())
    ready = time.perf_counter() - start
    taken = []
    for text in messages:
        start = time.perf_counter()
        matcher.match(text)
        taken.append(1000 * (time.perf_counter() - start))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{ready:7.2f} | {np.percentile(taken, 50):6.2f} / {np.percentile(taken, 99):6.2f} | {memory:6.0f}", flush=True
    )


def main(folder: str) -> None:
    """Print the table; every line is a process of its own."""
    print("phrasings |            | ready s | p50 / p99 ms    | most MB")
    for size in SIZES:
        with tempfile.TemporaryDirectory() as kept:
            for when in ("first", "again"):
                print(f"{size:9,} | {when:10} | ", end="", flush=True)
                subprocess.run([sys.executable, "-m", __spec__.name, folder, str(size), kept], check=True)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        measure(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
    elif len(sys.argv) == 2:
        main(sys.argv[1])
    else:
        sys.exit(__doc__)
