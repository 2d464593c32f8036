"""SIGTERM under load: status 0 within five seconds, nothing lost, nothing repeated after the next start."""

import asyncio
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.commands.process import ROOT
from tests.faults.conftest import ended
from tests.faults.service import ServiceProcess
from tests.matching import MATCHING
from tests.telegram_server import TelegramServer
from tests.world import library

CHATS = 50
HELD_UP = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from bot.commands.ending import end_within

ThreadPoolExecutor(1).submit(time.sleep, 60)
end_within(0.5, status=int(sys.argv[1]))
"""


@pytest.mark.parametrize("stops", [1, pytest.param(20, marks=pytest.mark.prove)])
async def test_a_stop_under_load_loses_and_repeats_nothing(on_either: ServiceProcess, stops: int) -> None:
    service = on_either
    for number in range(stops):
        await service.say(CHATS, 2 * number)
        await service.say(CHATS, 2 * number + 1)
        await asyncio.sleep(0.5 + 0.1 * number)
        status, seconds = await service.end(signal.SIGTERM)
        assert (status, seconds < 5) == (0, True), f"{status} after {seconds:.1f} s: {service.log()[-2000:]}"
        await service.start()
    await service.everybody_is_answered(120)
    service.check()


@pytest.mark.parametrize("status", [0, 1])
def test_a_thread_that_does_not_end_holds_up_no_stop(status: int) -> None:
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", HELD_UP, str(status)], timeout=50, check=False)
    assert (done.returncode, time.monotonic() - began < 30) == (status, True)


@pytest.fixture
async def learning(telegram: TelegramServer, tmp_path: Path) -> AsyncIterator[ServiceProcess]:
    """Yield the bot, not started, with knowledge of its own and a place of its own for what is computed."""
    knowledge, matching = tmp_path / "knowledge", tmp_path / "var" / "matching"
    shutil.copytree(ROOT / "knowledge", knowledge, ignore=shutil.ignore_patterns("*.py", "__pycache__", "*.md"))
    _ = library().language("en").matcher  # is kept with the others
    matching.mkdir(parents=True)
    for kept in MATCHING.glob("[!.]*"):
        (matching / kept.name).symlink_to(kept)
    settings = {"CERSBOT_KNOWLEDGE": str(knowledge)}
    service = ServiceProcess(tmp_path, telegram, f"sqlite:///{tmp_path}/cersbot.db", settings)
    yield service
    await ended(service)


def teach(folder: Path) -> None:
    """Add what takes long to learn."""
    lines = [f"    - a question that takes long to learn, {number}" for number in range(8000)]
    faq = folder / "knowledge" / "en" / "faq" / "activation.yaml"
    faq.write_text(faq.read_text().replace("  also:\n", "\n".join(["  also:", *lines, ""]), 1))


async def stops_while_it_fits(service: ServiceProcess) -> None:
    """Tell the bot to stop: it does, with nothing to be cut off, and the fit was not over before."""
    kept = service.folder / "var" / "matching"
    status, seconds = await service.end(signal.SIGTERM)
    assert (status, seconds < 5) == (0, True), f"{status} after {seconds:.1f} s: {service.log()[-2000:]}"
    assert "left as by a kill" not in service.log()
    assert all(fit.is_symlink() for fit in kept.glob("fit-*")), "the fit was over before the stop"


async def test_a_stop_waits_for_no_fit_of_edited_knowledge(learning: ServiceProcess) -> None:
    await learning.start()
    teach(learning.folder)
    await asyncio.sleep(2)
    await stops_while_it_fits(learning)


async def test_a_stop_waits_for_no_fit_of_the_start(learning: ServiceProcess) -> None:
    teach(learning.folder)
    learning.begin()
    await learning.listens()
    await asyncio.sleep(1)
    await stops_while_it_fits(learning)
