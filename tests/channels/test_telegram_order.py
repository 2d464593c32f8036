"""One chat in order, many chats at once, and a flooding chat waits behind itself alone (G5)."""

import asyncio
import random
import time
from collections import defaultdict

import pytest

from bot.channels.telegram.order import MOST_HELD, Behind, InOrder
from bot.dialogue.messages import Incoming, Reply
from tests.channels.stand_in import StandIn
from tests.telegram_server import TelegramServer


async def nothing_left(chat: str, limit: int) -> list[int]:
    return []


async def test_g5_400_messages_of_10_chats_are_handled_in_order_within_each_chat() -> None:
    shuffled = random.Random(5)
    chats = [shuffled.randrange(10) for _ in range(400)]
    handled = defaultdict(list)
    at_work = most = 0

    async def handle(number: int) -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(shuffled.random() / 200)
        handled[chats[number]].append(number)
        at_work -= 1

    order = InOrder(handle, nothing_left, 6)
    for number, chat in enumerate(chats):
        order.put(str(chat), number)
    await order.finished()
    assert all(numbers == sorted(numbers) for numbers in handled.values())
    assert sum(map(len, handled.values())) == 400
    assert most == 6
    assert order.waiting == 0
    assert not order._queues, "chats that are done are remembered"


async def test_a_message_that_fails_does_not_hold_up_the_next_of_its_chat() -> None:
    handled = []

    async def handle(number: int) -> None:
        if number == 1:
            raise RuntimeError("a crash of the test")
        handled.append(number)

    order = InOrder(handle, nothing_left, 2)
    done = [order.put("1", 1), order.put("1", 2)]
    await order.finished()
    assert handled == [2]
    assert all(each.is_set() for each in done)


async def test_after_closing_nothing_is_begun() -> None:
    handled = []

    async def handle(number: int) -> None:
        handled.append(number)

    order = InOrder(handle, nothing_left, 2)
    before = order.put("1", 1)
    order.close()
    after = order.put("1", 2)
    await order.finished()
    assert handled == []
    assert before.is_set()
    assert after.is_set()
    assert order.waiting == 0


async def test_of_a_flood_little_is_held_and_the_rest_is_read_from_the_inbox_in_order() -> None:
    kept = list(range(5_000))
    handled: list[int] = []
    while_reading: list[int] = []
    most = 0

    async def handle(number: int) -> None:
        nonlocal most
        most = max(most, order.waiting)
        handled.append(number)
        kept.remove(number)
        await asyncio.sleep(0)

    async def rest(chat: str, limit: int) -> list[int]:
        await asyncio.sleep(0)
        while_reading.append(order.waiting)
        return kept[:limit]

    order = InOrder(handle, rest, 2)
    for number in range(5_000):
        order.put("1", number)
        if number % 100 == 0:
            await asyncio.sleep(0)
    await order.finished()
    assert handled == list(range(5_000))
    assert most <= 2 * MOST_HELD
    assert min(while_reading) > 0, "nothing seems to wait while the inbox is read"


async def test_what_comes_while_the_inbox_is_read_is_handled_after_it() -> None:
    handled: list[int] = []

    async def handle(number: int) -> None:
        if number not in handled:
            handled.append(number)

    async def rest(chat: str, limit: int) -> list[int]:
        order.put("1", 3)
        await asyncio.sleep(0)
        return [1, 2]

    order = InOrder(handle, rest, 2)
    order.take_up("1")
    await order.finished()
    assert handled == [1, 2, 3]


async def test_who_finds_earlier_messages_in_the_inbox_handles_them_first() -> None:
    kept = [1, 2]
    handled: list[int] = []

    async def handle(number: int) -> None:
        if number != kept[0]:
            raise Behind
        handled.append(kept.pop(0))

    async def rest(chat: str, limit: int) -> list[int]:
        return list(kept)

    order = InOrder(handle, rest, 2)
    order.put("1", 2)
    await order.finished()
    assert handled == [1, 2]


async def test_an_inbox_that_cannot_be_read_is_read_later() -> None:
    handled: list[int] = []
    outages = iter(range(2))

    async def handle(number: int) -> None:
        handled.append(number)

    async def rest(chat: str, limit: int) -> list[int]:
        if next(outages, None) is not None:
            raise ConnectionError("the database is away")
        return [1]

    order = InOrder(handle, rest, 2)
    order.take_up("1")
    await order.finished()
    assert handled == [1]


@pytest.mark.alone
@pytest.mark.usefixtures("channel")
async def test_g5_a_flooding_chat_waits_behind_itself_alone(telegram: TelegramServer, turns: StandIn) -> None:
    flood, calm = 1, 2

    def react(incoming: Incoming) -> tuple[Reply, ...]:
        return (Reply(f"Answer to {incoming.text}"),)

    turns.react = react
    for number in range(150):
        await telegram.say(flood, str(number))
    started = time.monotonic()
    await telegram.say(calm, "hello")
    assert await telegram.until(lambda: bool(telegram.fresh(calm)), 10)
    waited = time.monotonic() - started
    assert len(telegram.fresh(flood)) < 150, "the flood was over before the calm chat got its answer"
    heard = [message.text for message in await telegram.heard(flood, wait=30)]
    assert heard == [f"Answer to {number}" for number in range(150)]
    assert waited < 1.5
