"""The pace of what leaves: one message after the other, also after the process stood still for a while."""

import asyncio
import time
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from bot.channels.telegram.pace import STRETCH_SECONDS, GivenOut, SharedPace
from core.database import Database

A_SECOND = 50
MESSAGES = 30
STILL_SECONDS = 0.3
LONG_STRETCH = 2.0


async def test_a_process_that_stood_still_does_not_send_what_it_missed_at_once() -> None:
    async def reserve(seconds: float) -> float:
        return time.monotonic()

    pace, left = SharedPace(reserve), []

    async def send() -> None:
        await pace.turn(A_SECOND)
        left.append(time.monotonic())

    sending = [asyncio.create_task(send()) for _ in range(MESSAGES)]
    await asyncio.sleep(3 / A_SECOND)
    _stand_still()
    await asyncio.gather(*sending)
    gaps = [later - earlier for earlier, later in pairwise(left)]
    assert min(gaps) > 0.9 / A_SECOND


async def test_what_was_about_to_leave_when_its_stretch_ended_waits_for_the_next() -> None:
    begins = time.monotonic()
    stretches = [begins, begins + 3 * STRETCH_SECONDS]

    async def reserve(seconds: float) -> float:
        return stretches.pop(0)

    pace, left = SharedPace(reserve), []

    async def send() -> None:
        await pace.turn(A_SECOND)
        left.append(time.monotonic() - begins)

    sending = [asyncio.create_task(send()) for _ in range(int(A_SECOND * STRETCH_SECONDS))]
    await asyncio.sleep(STRETCH_SECONDS / 2)
    _stand_still()
    await asyncio.gather(*sending)
    assert not [at for at in left if STRETCH_SECONDS - 1 / A_SECOND <= at < 3 * STRETCH_SECONDS]


async def test_two_processes_whose_reservations_come_back_late_stay_within_the_pace_together() -> None:
    until = 0.0

    async def reserve(seconds: float) -> float:
        nonlocal until
        begins = max(until, time.monotonic())
        until = begins + seconds
        await asyncio.sleep(1.5 * STRETCH_SECONDS)
        return begins

    left: list[float] = []

    async def send(pace: SharedPace) -> None:
        await pace.turn(A_SECOND)
        left.append(time.monotonic())

    one, other = SharedPace(reserve), SharedPace(reserve)
    await asyncio.gather(*(send(pace) for pace in (one, other) for _ in range(12)))
    left.sort()
    most = max(sum(at <= later < at + STRETCH_SECONDS for later in left) for at in left)
    assert most <= A_SECOND * STRETCH_SECONDS + 2


async def test_the_wait_for_the_database_does_not_bring_a_stretch_forward(database: Database) -> None:
    given_out = GivenOut(database, lambda: datetime.now(UTC))
    ends = await given_out.reserve(LONG_STRETCH) + LONG_STRETCH
    with database.transaction():
        waiting = asyncio.create_task(given_out.reserve(LONG_STRETCH))
        await asyncio.sleep(LONG_STRETCH / 4)
    assert await waiting == pytest.approx(ends, abs=LONG_STRETCH / 20)


def _stand_still() -> None:
    """Keep the event loop from everything else, as a busy machine does."""
    time.sleep(STILL_SECONDS)
