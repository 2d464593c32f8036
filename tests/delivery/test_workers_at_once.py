"""Workers as they run: for ever, beside one another, and without one slow thing keeping another waiting."""

import asyncio
from datetime import datetime
from email.message import EmailMessage

import pytest

from bot.delivery import chats as chats_module
from bot.delivery import worker as worker_module
from bot.delivery.post import Post
from bot.delivery.rendering import Renderer
from bot.delivery.worker import Worker
from bot.dialogue.messages import Delivery
from core.tables import Owed, Ticket
from tests.databases import ON_BOTH
from tests.delivery.stand_ins import LEASE_MINUTES, UNKNOWN, Attempts, Channel, owe, planned
from tests.letterbox import Letterbox
from tests.world import ADDRESS, SENDER, World, library

pytestmark = ON_BOTH


@pytest.fixture
def post(world: World) -> Attempts:
    """Return the world's mail server."""
    world.letterbox = Attempts(world)
    return world.letterbox


@pytest.fixture
def channel(world: World) -> Channel:
    """Return the world's channel."""
    return Channel(world)


def running(world: World, post: Post, channel: Channel) -> Worker:
    """Return a worker to run."""
    database = world.database()
    renderer = Renderer(library, world.keys, ADDRESS, SENDER)
    conversations = world.conversations(database)
    return Worker(database, world.keys, world.clock, conversations, renderer, post, {"test": channel})


async def soon(is_so: "asyncio.Event") -> None:
    """Wait until it is so."""
    await asyncio.wait_for(is_so.wait(), 5)


async def test_a_slow_mail_server_does_not_keep_the_chats_waiting(world: World, channel: Channel) -> None:
    handed_in, answered = asyncio.Event(), asyncio.Event()

    class Slow:
        async def hand_in(self, mail: EmailMessage) -> None:
            handed_in.set()
            await asyncio.Event().wait()

    class Answers(Channel):
        async def send(self, delivery: Delivery) -> None:
            await handed_in.wait()
            answered.set()

    owe(world)
    channel.left_over()
    world.later(LEASE_MINUTES)
    working = asyncio.create_task(running(world, Slow(), Answers(world)).run())
    await soon(answered)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working


@pytest.mark.parametrize("due", ["a reply", "a follow-up"])
async def test_a_chat_that_does_not_answer_holds_up_no_other_now_or_later(
    world: World, monkeypatch: pytest.MonkeyPatch, due: str
) -> None:
    monkeypatch.setattr(worker_module, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(chats_module, "ANSWER_SECONDS", 0.05)
    silent, answered = asyncio.Event(), asyncio.Queue[str]()

    class Silent(Channel):
        async def send(self, delivery: Delivery) -> None:
            if delivery.chat == "17":
                silent.set()
                await asyncio.Event().wait()
            await answered.put(delivery.chat)
            await super().send(delivery)

    channel = Silent(world)

    def owed(chat: str) -> None:
        if due == "a reply":
            channel.left_over(chat)
        else:
            planned(world, chat)
        world.later(LEASE_MINUTES + 5)

    owed("17")
    working = asyncio.create_task(running(world, Letterbox(), channel).run())
    await soon(silent)
    for chat in ("18", "19"):
        owed(chat)
        assert await asyncio.wait_for(answered.get(), 5) == chat
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working


async def test_a_running_worker_goes_on_after_a_fault(
    world: World, channel: Channel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker_module, "PAUSE_SECONDS", 0.01)
    posted = asyncio.Event()
    faults = iter([ConnectionError("the database is away")] * 3)

    class Noting:
        async def hand_in(self, mail: EmailMessage) -> None:
            posted.set()

    def clock() -> datetime:
        for fault in faults:
            raise fault
        return world.now

    owe(world)
    worker = running(world, Noting(), channel)
    monkeypatch.setattr(worker._mailboxes, "_clock", clock)
    working = asyncio.create_task(worker.run())
    await soon(posted)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert "the worker stumbled" in caplog.text


async def test_two_workers_at_once_post_each_letter_and_ask_each_question_once(world: World, channel: Channel) -> None:
    for _ in range(20):
        owe(world)
    for number in range(5):
        planned(world, str(number))
    world.later(5)
    await asyncio.gather(*(world.work({"test": channel}) for _ in range(2)))
    assert len(world.letterbox.letters) == 20
    assert len(channel.sent) == 5


async def test_a_letter_that_two_workers_took_in_turn_is_ended_by_the_later(world: World, post: Attempts) -> None:
    owe(world)

    class Overtaken(Letterbox):
        async def hand_in(self, mail: EmailMessage) -> None:
            world.later(LEASE_MINUTES)
            world.letterbox = post
            await world.work()
            raise UNKNOWN

    world.letterbox = Overtaken()
    await world.work()
    assert [row.outcome for row in world.rows(Owed)] == ["sent"]
    assert world.rows(Ticket) == []
