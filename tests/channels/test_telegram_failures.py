"""Telegram while things fail: turns that crash, people who are gone, floods, connections that break."""

import logging
from functools import partial
from typing import Literal

import pytest

from bot.channels.telegram import sending
from bot.channels.telegram.channel import Telegram
from bot.dialogue.messages import Incoming, Reply
from core import tracing
from tests.channels.stand_in import StandIn, asks
from tests.telegram_server import Fault, TelegramServer

PAT, SAM = 11, 12

pytestmark = pytest.mark.usefixtures("channel")


async def test_a_turn_that_crashes_once_is_tried_again(telegram: TelegramServer, turns: StandIn) -> None:
    crashes = iter([True, False])

    def shaky(incoming: Incoming) -> tuple[Reply, ...]:
        if next(crashes):
            raise RuntimeError("a crash of the test")
        return (Reply("Fine."),)

    turns.react = shaky
    await telegram.say(PAT, "hello")
    assert [reply.text for reply in await telegram.heard(PAT)] == ["Fine."]


async def test_a_message_that_crashes_every_turn_is_set_aside_with_an_apology(
    telegram: TelegramServer, turns: StandIn
) -> None:
    def broken(incoming: Incoming) -> tuple[Reply, ...]:
        raise RuntimeError("a crash of the test")

    turns.react = broken
    await telegram.say(PAT, "hello")
    [reply] = await telegram.heard(PAT)
    assert reply.html == "Sorry, that was <b>my</b> mistake."
    [kept] = turns.inbox()
    assert kept.handled_at
    assert kept.payload is None


async def test_a_person_who_blocked_the_bot_is_gone_for_good(telegram: TelegramServer, turns: StandIn) -> None:
    telegram.chats.open(PAT).blocked = True
    await telegram.say(PAT, "hello")
    await telegram.settled()
    assert [failure.permanent for failure in turns.failures] == [True]
    assert turns.outcomes() == ["refused: Forbidden: bot was blocked by the user"]


async def test_a_flood_wait_is_handed_on_and_touches_nobody_else(telegram: TelegramServer, turns: StandIn) -> None:
    telegram.faults.append(
        Fault("sendMessage", "refuse", PAT, status=429, description="Too Many Requests: retry after 7", retry_after=7)
    )
    await telegram.say(PAT, "hello")
    await telegram.say(SAM, "hello")
    await telegram.heard(SAM)
    assert [(failure.permanent, failure.retry_after) for failure in turns.failures] == [(False, 7.0)]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "refuse"])
async def test_a_connection_that_fails_is_not_for_good(
    kind: Literal["drop_before", "drop_after", "refuse"], telegram: TelegramServer, turns: StandIn
) -> None:
    telegram.faults.append(Fault("sendMessage", kind))
    await telegram.say(PAT, "hello")
    await telegram.settled()
    assert [(failure.permanent, failure.retry_after) for failure in turns.failures] == [(False, None)]


async def test_what_is_logged_of_replies_that_were_not_sent_bears_the_trace_of_their_message(
    telegram: TelegramServer, turns: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    traces: list[str] = []

    def note(record: logging.LogRecord) -> bool:
        if "were not sent" in record.getMessage():
            traces.append(tracing.current())
        return True

    caplog.handler.addFilter(note)
    telegram.faults.append(Fault("sendMessage", "refuse", PAT))
    await telegram.say(PAT, "hello")
    await telegram.settled()
    caplog.handler.removeFilter(note)
    assert traces == [f"telegram:{turns.received[0].key}"]


def are_sent(turns: StandIn, count: int) -> bool:
    return turns.outcomes() == ["sent"] * count


async def test_old_buttons_that_cannot_be_taken_away_hold_up_no_reply(
    telegram: TelegramServer, turns: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "TIDY_SECONDS", 0.2)
    turns.react = asks
    telegram.faults.append(Fault("editMessageReplyMarkup", "delay", PAT, seconds=15))
    for said in range(1, 4):
        await telegram.say(PAT, "hello")
        assert await telegram.until(partial(are_sent, turns, said), 5)
    assert not any(fault.times for fault in telegram.faults)


async def test_the_worker_sends_by_the_same_channel(
    telegram: TelegramServer, turns: StandIn, channel: Telegram
) -> None:
    telegram.faults.append(Fault("sendMessage", "refuse", times=1))
    turns.react = asks
    await telegram.say(PAT, "hello")
    await telegram.settled()
    incoming = turns.received[0]
    delivery = turns.receive(Incoming(incoming.channel, incoming.chat, "another", text="left over"))
    assert delivery
    await channel.send(delivery)
    [reply] = await telegram.heard(PAT)
    assert turns.keyboard(delivery.conversation) == str(reply.id)
    assert turns.outcomes()[-1] == "sent"
