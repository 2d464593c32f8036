"""SIGTERM under load: status 0 within five seconds, nothing lost, nothing repeated after the next start."""

import asyncio
import signal

import pytest

from tests.faults.service import Service

CHATS = 50


@pytest.mark.parametrize("stops", [1, pytest.param(20, marks=pytest.mark.prove)])
async def test_a_stop_under_load_loses_and_repeats_nothing(on_either: Service, stops: int) -> None:
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
