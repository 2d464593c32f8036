"""The command `cersbot` as a process of its own, in a folder of the test."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.matching import MATCHING
from tests.world import library

ROOT = Path(__file__).parents[2]


def environment(**settings: str) -> dict[str, str]:
    """Return an environment in which only these settings of the service are set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CERSBOT_")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **settings}


def start(
    folder: Path, *arguments: str, settings: Mapping[str, str] | None = None, stderr: int = subprocess.PIPE
) -> subprocess.Popen[str]:
    """Start the command in `folder`, with what was computed about the shipped knowledge in runs before."""
    _ = library().language("en").matcher  # computed here, once, and not by every process at the same time
    if not (folder / "var").exists():
        MATCHING.mkdir(parents=True, exist_ok=True)
        (folder / "var").mkdir()
        (folder / "var" / "matching").symlink_to(MATCHING)
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env=environment(**(settings or {})),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        encoding="utf-8",
    )


def run(
    folder: Path, *arguments: str, said: str = "", settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, with `said` on its standard input."""
    process = start(folder, *arguments, settings=settings)
    out, err = process.communicate(said, timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)
