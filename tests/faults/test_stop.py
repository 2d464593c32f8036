"""SIGTERM under load: status 0 within five seconds, nothing lost, nothing repeated after the next start."""

import asyncio
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.commands.process import ROOT
from tests.faults.service import ServiceProcess
from tests.telegram_server import TelegramServer

CHATS = 50
HELD_UP = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from bot.commands.run import end_within

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


async def test_a_stop_waits_for_no_fit_of_edited_knowledge(telegram: TelegramServer, tmp_path: Path) -> None:
    folder = tmp_path / "knowledge"
    shutil.copytree(ROOT / "knowledge", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", "*.md"))
    service = ServiceProcess(tmp_path, telegram, f"sqlite:///{tmp_path}/cersbot.db", {"CERSBOT_KNOWLEDGE": str(folder)})
    await service.start()
    now = time.time_ns()  # no run before has left the vectors of these
    lines = [f"    - a question that takes long to learn, {now + number}" for number in range(8000)]
    faq = folder / "en" / "faq" / "activation.yaml"
    faq.write_text(faq.read_text().replace("  also:\n", "\n".join(["  also:", *lines, ""]), 1))
    await asyncio.sleep(3)
    status, seconds = await service.end(signal.SIGTERM)
    assert (status, seconds < 5) == (0, True), f"{status} after {seconds:.1f} s: {service.log()[-2000:]}"
    assert "left as by a kill" in service.log()
