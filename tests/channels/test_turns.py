"""Turns of several chats in one transaction, as long as all goes well; each by itself when one crashes (G1)."""

import asyncio
import time
from collections.abc import Sequence

import pytest
from sqlalchemy.exc import OperationalError

from bot.channels import turns as turns_module
from bot.channels.turns import Turns
from bot.dialogue.messages import Delivery, Incoming, NotYet, Reply, Sent
from core import rules
from core.inbox import Arrival
from tests.channels.conftest import APOLOGY
from tests.channels.stand_in import StandIn, echo
from tests.telegram_server import TelegramServer

AWAY = OperationalError("SELECT", {}, Exception("the database is away"))


class Counting(StandIn):
    """Keeps of how many messages, marks and arrivals each transaction was, and may fail as a whole."""

    def __init__(self, stand_in: StandIn) -> None:
        super().__init__(stand_in.database, stand_in.keys)
        self.batches: list[tuple[int, int, int]] = []
        self.fails = 0
        self.matching_takes = 0.0

    def prepare(self, incoming: Incoming) -> Incoming:
        """Match as long as that takes."""
        time.sleep(self.matching_takes)
        return incoming

    def work(
        self, incomings: Sequence[Incoming], sent: Sequence[Sent] = (), arrivals: Sequence[Arrival] = ()
    ) -> list[Delivery | NotYet | None]:
        """Work slowly enough that others gather meanwhile."""
        self.batches.append((len(incomings), len(sent), len(arrivals)))
        time.sleep(0.02)
        if self.fails:
            self.fails -= 1
            raise AWAY
        return super().work(incomings, sent, arrivals)


def incoming(chat: int) -> Incoming:
    return Incoming("telegram", str(chat), f"key {chat}", text="hello")


def arrival(chat: int) -> Arrival:
    return Arrival("telegram", f"key {chat}", str(chat), b"{}")


@pytest.fixture
def counting(turns: StandIn) -> Counting:
    return Counting(turns)


@pytest.fixture
def together(counting: Counting) -> Turns[Incoming]:
    return Turns(counting)


async def test_what_waits_meanwhile_goes_into_one_transaction(together: Turns[Incoming], counting: Counting) -> None:
    deliveries = await asyncio.gather(*(together.receive(incoming(chat)) for chat in range(150)))
    assert [delivery.chat for delivery in deliveries if delivery] == [str(chat) for chat in range(150)]
    messages = [messages for messages, _, _ in counting.batches]
    assert sum(messages) == 150
    assert max(messages) <= 64
    assert len(messages) <= 6, "as many as were matched by the time each transaction began"
    written = len(messages)
    for delivery in filter(None, deliveries):
        together.sent(delivery, None)
    await together.finished()
    assert counting.batches[written:] == [(0, 150, 0)]
    assert set(counting.outcomes()) == {"sent"}


async def test_a_message_is_handled_in_the_transaction_that_keeps_it(
    together: Turns[Incoming], counting: Counting
) -> None:
    counting.matching_takes = 0.002
    _, delivery = await asyncio.gather(together.accept([arrival(1), arrival(2)]), together.receive(incoming(1)))
    assert delivery
    assert counting.batches == [(1, 0, 2)]
    assert [bool(each.handled_at) for each in counting.inbox()] == [True, False]


async def test_what_was_sent_is_noted_without_waiting_for_a_turn(
    together: Turns[Incoming], counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns_module, "GATHER_SECONDS", 5.0)
    first = await together.receive(incoming(1))
    assert first
    counting.matching_takes = 0.5
    second = asyncio.create_task(together.receive(incoming(2)))
    await asyncio.sleep(0.05)
    together.sent(first, None)
    await second
    assert counting.batches == [(1, 0, 0), (0, 1, 0), (1, 0, 0)]


async def test_a_turn_that_crashes_takes_no_arrival_with_it(together: Turns[Incoming], counting: Counting) -> None:
    def react(message: Incoming) -> tuple[Reply, ...]:
        raise ZeroDivisionError

    counting.react = react
    kept, crashed = await asyncio.gather(
        together.accept([arrival(1)]), together.receive(incoming(1)), return_exceptions=True
    )
    assert (kept, type(crashed)) == (None, ZeroDivisionError)
    assert [each.handled_at for each in counting.inbox()] == [None]


async def test_a_turn_that_crashes_takes_no_other_with_it(together: Turns[Incoming], counting: Counting) -> None:
    def react(message: Incoming) -> tuple[Reply, ...]:
        if message.chat == "3":
            raise ZeroDivisionError
        return echo(message)

    counting.react = react
    first = await together.receive(incoming(100))
    assert first
    together.sent(first, "7")
    outcomes = await asyncio.gather(*(together.receive(incoming(chat)) for chat in range(6)), return_exceptions=True)
    await together.finished()
    assert [type(each) for each in outcomes] == [Delivery] * 3 + [ZeroDivisionError] + [Delivery] * 2
    assert counting.keyboard(first.conversation) == "7"
    assert len(counting.received) == 6


async def test_while_the_database_is_away_it_is_not_asked_for_every_message(
    together: Turns[Incoming], counting: Counting
) -> None:
    counting.fails = 100
    outcomes = await asyncio.gather(*(together.receive(incoming(chat)) for chat in range(30)), return_exceptions=True)
    assert outcomes == [AWAY] * 30
    assert len(counting.batches) <= 6
    with pytest.raises(OperationalError):
        await together.accept([arrival(1)])


async def test_what_was_sent_while_the_database_was_away_is_noted_later(
    together: Turns[Incoming], counting: Counting
) -> None:
    delivery = await together.receive(incoming(1))
    assert delivery
    counting.fails = 2
    together.sent(delivery, "7")
    await together.written()
    assert counting.outcomes() == [None]
    await asyncio.sleep(0.8)
    await together.finished()
    assert counting.outcomes() == ["sent"]


async def test_a_message_that_the_database_fails_again_and_again_is_set_aside_and_harms_no_other(
    telegram: TelegramServer, turns: StandIn, channel: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "INBOX_OUTAGES", 4)
    tried = 0

    def react(message: Incoming) -> tuple[Reply, ...]:
        nonlocal tried
        if message.chat == "13":
            tried += 1
            raise AWAY
        return echo(message)

    turns.react = react
    for chat in (13, 14, 15):
        await telegram.say(chat, "hello")
    assert await telegram.until(lambda: bool(telegram.fresh(14) and telegram.fresh(15)), 5)
    [apology] = await telegram.heard(13, wait=20)
    assert apology.text == APOLOGY.replace("*", "")
    assert 4 <= tried <= 12
