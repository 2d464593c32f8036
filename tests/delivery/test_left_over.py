"""The worker and chats: replies that nobody sent are sent, follow-ups asked, and none holds up the rest (G1)."""

import asyncio

import pytest

from bot.dialogue.messages import Delivery, SendFailed
from core import rules
from core.tables import FollowUp, Owed
from tests.databases import ON_BOTH
from tests.delivery.stand_ins import LEASE_MINUTES, Channel, killed, planned
from tests.world import World

pytestmark = ON_BOTH


@pytest.fixture
def channel(world: World) -> Channel:
    """Return the world's channel."""
    return Channel(world)


async def test_replies_that_nobody_sent_are_sent_once_the_lease_is_over(world: World, channel: Channel) -> None:
    first, second = channel.left_over(text="hello"), channel.left_over(text="thank you")
    assert await channel.works() == []
    assert await channel.works(LEASE_MINUTES) == [first, second]
    assert await channel.works(LEASE_MINUTES) == []


async def test_g1_a_crash_between_sending_and_marking_repeats_one_reply_of_a_chat(
    world: World, channel: Channel
) -> None:
    first, second = channel.left_over("17"), channel.left_over("17", "thank you")
    world.later(LEASE_MINUTES)
    channel.kills = True
    await killed(world, {"test": channel})
    channel.kills = False
    assert await channel.works(LEASE_MINUTES) == [first, second]
    assert channel.sent == [first, first, second]


async def test_a_chat_that_does_not_answer_holds_up_no_other(
    world: World, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, fine = channel.left_over("17"), channel.left_over("18")
    answered = asyncio.Event()
    right = channel.send

    async def send(delivery: Delivery) -> None:
        if delivery.chat == "17":
            await answered.wait()
        await right(delivery)
        answered.set()

    monkeypatch.setattr(channel, "send", send)
    assert await channel.works(LEASE_MINUTES) == [fine, waiting]


async def test_what_a_channel_cannot_send_ever_is_given_up(world: World, channel: Channel) -> None:
    channel.left_over()
    channel.failure = SendFailed("the bot was blocked", permanent=True)
    await channel.works(LEASE_MINUTES)
    channel.failure = None
    assert await channel.works(24 * 60) == []
    assert [row.outcome for row in world.rows(Owed)] == ["refused: the bot was blocked"]


@pytest.mark.parametrize(("retry_after", "seconds"), [(None, rules.REPLY_RETRY_SECONDS), (37.5, 37.5)])
async def test_what_a_channel_cannot_send_now_is_sent_when_it_says(
    world: World, channel: Channel, retry_after: float | None, seconds: float
) -> None:
    text = channel.left_over()
    channel.failure = SendFailed("too many requests", permanent=False, retry_after=retry_after)
    await channel.works(LEASE_MINUTES)
    channel.failure = None
    assert await channel.works((seconds - 0.1) / 60) == []
    assert await channel.works(0.1 / 60) == [text]


async def test_a_reply_that_crashes_its_channel_holds_up_nothing(
    world: World, channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    crashing, fine = channel.left_over("17"), channel.left_over("18")
    channel.crashes = "17"
    assert await channel.works(LEASE_MINUTES) == [fine]
    assert "a fault of the channel" in caplog.text
    channel.crashes = ""
    assert await channel.works(1) == [crashing]


async def test_a_follow_up_is_asked_once_when_it_is_due(world: World, channel: Channel) -> None:
    planned(world)
    assert await channel.works(4.9) == []
    (asked,) = await channel.works(0.1)
    assert "come" in asked
    assert await channel.works(60) == []


async def test_a_follow_up_that_could_not_be_sent_is_sent_later_and_not_asked_twice(
    world: World, channel: Channel
) -> None:
    planned(world)
    channel.failure = SendFailed("Telegram is away", permanent=False)
    assert await channel.works(5) == []
    channel.failure = None
    assert len(await channel.works(1)) == 1
    assert [row.outcome for row in world.rows(FollowUp)] == ["asked"]


async def test_a_follow_up_whose_flow_is_gone_is_dropped_and_holds_up_nothing(world: World, channel: Channel) -> None:
    planned(world, "17", flow="mail_not_here_any_more")
    planned(world, "18")
    assert len(await channel.works(5)) == 1
    assert all(row.settled_at for row in world.rows(FollowUp))
