"""One chat in order, many chats at once, and a flooding chat waits behind itself alone (G5)."""

import asyncio
import random
import time
from collections import defaultdict
from datetime import UTC, datetime

import pytest
from telegram import Chat, Message, Update

from bot.channels.telegram.order import OneByOneInAChat
from bot.dialogue.messages import Incoming, Reply
from tests.channels.stand_in import StandIn
from tests.telegram_server import TelegramServer


def update(number: int, chat: int) -> Update:
    return Update(number, Message(number, datetime.now(UTC), Chat(chat, "private")))


async def test_g5_400_updates_of_10_chats_are_handled_in_order_within_each_chat() -> None:
    order = OneByOneInAChat(6)
    shuffled = random.Random(5)
    handled = defaultdict(list)
    at_work = most = 0

    async def handle(number: int, chat: int) -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(shuffled.random() / 200)
        handled[chat].append(number)
        at_work -= 1

    chats = [shuffled.randrange(10) for _ in range(400)]
    await asyncio.gather(
        *(order.process_update(update(number, chat), handle(number, chat)) for number, chat in enumerate(chats))
    )
    assert all(numbers == sorted(numbers) for numbers in handled.values())
    assert sum(map(len, handled.values())) == 400
    assert most == 6
    assert order.waiting == 0
    assert not order._last, "chats that are done are remembered"


async def test_an_update_that_fails_does_not_hold_up_the_next_of_its_chat() -> None:
    order = OneByOneInAChat(2)
    handled = []

    async def fail() -> None:
        raise RuntimeError("a crash of the test")

    async def handle() -> None:
        handled.append(1)

    results = await asyncio.gather(
        order.process_update(update(1, 1), fail()), order.process_update(update(2, 1), handle()), return_exceptions=True
    )
    assert isinstance(results[0], RuntimeError)
    assert handled == [1]


async def test_after_closing_nothing_is_begun() -> None:
    order = OneByOneInAChat(2)
    order.close()
    handled = []

    async def handle() -> None:
        handled.append(1)

    await order.process_update(update(1, 1), handle())
    assert handled == []


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
