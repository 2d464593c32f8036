"""The command `cersbot` in a folder of the test: as a process of its own, or called here where that shows the same."""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.__main__ import main
from tests.matching import MATCHING
from tests.world import library

ROOT = Path(__file__).parents[2]


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """Return an environment for a process in `folder`, in which only these settings of the service are set.

    What was computed in runs before, the fit of the shipped knowledge and Python's own bytecode, is there for it.
    """
    _ = library().language("en").matcher  # computed here, once, and not by every process at the same time
    if not (folder / "var").exists():
        MATCHING.mkdir(parents=True, exist_ok=True)
        (folder / "var").mkdir()
        (folder / "var" / "matching").symlink_to(MATCHING)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CERSBOT_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **settings}


def called(
    folder: Path, *arguments: str, settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Return what comes of the command when it is called in this process, in a tenth of the time of one of its own.

    For what sets no signals and logs nothing.
    """
    own = environment(folder, **(settings or {}))
    out, err = io.StringIO(), io.StringIO()
    status: object = 0
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(folder):
        for name in os.environ.keys() - own.keys():
            patch.delenv(name)
        for name, value in own.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["cersbot", *arguments])
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
            except SystemExit as end:
                status = end.code
    assert isinstance(status, int)
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def start(
    folder: Path, *arguments: str, settings: Mapping[str, str] | None = None, stderr: int = subprocess.PIPE
) -> subprocess.Popen[str]:
    """Start the command in `folder`."""
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env=environment(folder, **(settings or {})),
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
