"""Nothing that Telegram was told to forget is lost: the inbox has it, through crashes, restarts and outages (G1)."""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bot.channels.telegram import order
from bot.channels.telegram.channel import SWEEP_SECONDS, Telegram
from bot.dialogue.messages import Incoming, Reply
from core import inbox
from core.database import Database
from core.inbox import Arrival
from core.keys import Keys
from core.tables import Base
from tests.channels.conftest import KEYS
from tests.channels.stand_in import StandIn
from tests.telegram_server import Fault, TelegramServer

PAT, SAM = 11, 12
MakeChannel = Callable[[], Telegram]


async def test_g1_kill_9_loses_no_message_and_does_none_twice(
    telegram: TelegramServer, turns: StandIn, database: Database
) -> None:
    said = 40
    for number in range(said):
        await telegram.say(100 + number % 6, f"message {number}")
    for killed_after in (5, 20):
        process = await _start_process(telegram, database)
        await telegram.until(partial(_is_past, telegram, killed_after), 20)
        process.kill()
        await process.wait()
    left = [kept for kept in turns.inbox() if kept.handled_at is None]
    assert left, "the process had handled everything before it was killed; nothing was tried"

    process = await _start_process(telegram, database)
    try:
        for _ in range(300):
            await asyncio.sleep(0.1)
            if all(kept.handled_at for kept in turns.inbox()):
                break
        await telegram.settled()
    finally:
        process.kill()
        await process.wait()
    assert all(kept.handled_at for kept in turns.inbox())
    assert len(turns.inbox()) == said
    assert len(turns.outcomes()) == said
    replies = Counter(message.text for chat in telegram.chats.all.values() for message in chat.messages.values())
    assert sum(count - 1 for count in replies.values() if count > 1) <= 2


async def test_g1_an_update_is_confirmed_only_when_it_is_committed(
    telegram: TelegramServer, turns: StandIn, make_channel: MakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = True
    commit = inbox.accept

    def accept(session: Session, keys: Keys, arrivals: list[inbox.Arrival], now: datetime) -> None:
        if away:
            raise OperationalError("INSERT", {}, Exception("the disk is full"))
        commit(session, keys, arrivals, now)

    monkeypatch.setattr(inbox, "accept", accept)
    channel = make_channel()
    await channel.start()
    await telegram.say(PAT, "hello")
    await asyncio.sleep(0.5)
    assert [each.delivered for each in telegram.chats.waiting] == [True], "confirmed without being committed"
    away = False
    assert [reply.text for reply in await telegram.heard(PAT)] == ["You said: hello"]
    await channel.stop()


async def test_what_could_not_be_held_before_it_was_committed_is_handled_then(
    telegram: TelegramServer, turns: StandIn, make_channel: MakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [f"message {number}" for number in range(8)]
    commit = inbox.accept

    def accept(session: Session, keys: Keys, arrivals: list[inbox.Arrival], now: datetime) -> None:
        if arrivals and len(turns.received) < 2:
            raise OperationalError("INSERT", {}, Exception("the disk is full"))
        commit(session, keys, arrivals, now)

    monkeypatch.setattr(inbox, "accept", accept)
    monkeypatch.setattr(order, "MOST_HELD", 2)
    for text in said:
        await telegram.say(PAT, text)
    channel = make_channel()
    await channel.start()
    assert await telegram.until(lambda: len(turns.received) == len(said), SWEEP_SECONDS - 1)
    assert [each.text for each in turns.received] == said
    await channel.stop()


async def test_a_database_that_is_away_longer_than_a_crash_may_last_loses_nothing(
    telegram: TelegramServer, turns: StandIn, channel: Telegram
) -> None:
    outages = iter(range(4))

    def react(incoming: Incoming) -> tuple[Reply, ...]:
        if next(outages, None) is not None:
            raise OperationalError("SELECT", {}, Exception("the database is away"))
        return (Reply("Here I am."),)

    turns.react = react
    await telegram.say(PAT, "hello")
    assert [reply.text for reply in await telegram.heard(PAT, wait=20)] == ["Here I am."]


async def test_a_stop_finishes_what_is_begun_and_keeps_the_rest(
    telegram: TelegramServer, turns: StandIn, make_channel: MakeChannel
) -> None:
    channel = make_channel()
    await channel.start()
    begun: list[str] = []

    def react(incoming: Incoming) -> tuple[Reply, ...]:
        begun.append(incoming.text)
        time.sleep(0.3)
        return (Reply(f"Answer to {incoming.text}"),)

    turns.react = react
    for number in range(6):
        await telegram.say(PAT, str(number))
    await telegram.until(lambda: bool(begun) and not telegram.chats.waiting, 5)
    await channel.stop()
    assert [reply.text for reply in telegram.fresh(PAT)] == [f"Answer to {text}" for text in begun]
    assert len(begun) < 6
    assert not telegram.chats.waiting, "what is committed was not confirmed"

    turns.react = lambda incoming: (Reply(f"Answer to {incoming.text}"),)
    await telegram.say(PAT, "6")
    again = make_channel()
    await again.start()
    telegram.working = lambda: again.waiting > 0
    heard = [reply.text for reply in await telegram.heard(PAT)]
    await again.stop()
    assert heard == [f"Answer to {number}" for number in range(7)]
    assert [each.text for each in turns.received] == [str(number) for number in range(7)]


async def test_a_stop_does_not_wait_for_a_telegram_that_does_not_answer(
    telegram: TelegramServer, turns: StandIn, make_channel: MakeChannel, caplog: pytest.LogCaptureFixture
) -> None:
    channel = make_channel()
    await channel.start()
    telegram.faults.append(Fault("sendMessage", "delay", seconds=20))
    await telegram.say(PAT, "hello")
    await telegram.until(lambda: bool(telegram.called("sendMessage")), 5)
    started = time.monotonic()
    await channel.stop()
    assert time.monotonic() - started < 5
    await asyncio.sleep(0.1)
    assert not [record for record in caplog.records if record.exc_info], "the stop left an error behind"
    [outcome] = turns.outcomes()
    assert outcome
    assert outcome.startswith("no connection to Telegram"), "the reply is not left to the worker"


async def test_an_outage_of_telegram_ends_by_itself(
    telegram: TelegramServer, turns: StandIn, channel: Telegram
) -> None:
    port = telegram.port
    await telegram.stop()
    await asyncio.sleep(0.2)
    await telegram.start(port)
    await telegram.say(PAT, "hello")
    assert await telegram.heard(PAT)


async def test_a_second_poller_makes_the_first_wait_and_loses_nothing(
    telegram: TelegramServer, turns: StandIn, channel: Telegram, make_channel: MakeChannel
) -> None:
    second = make_channel()
    await second.start()
    for number in range(10):
        await telegram.say(PAT, str(number))
    await telegram.settled()
    await second.stop()
    assert sorted(each.text for each in turns.received) == [str(number) for number in range(10)]


async def test_updates_of_a_batch_share_one_transaction(
    telegram: TelegramServer, turns: StandIn, make_channel: MakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    commit = inbox.accept

    def accept(session: Session, keys: Keys, arrivals: list[inbox.Arrival], now: datetime) -> None:
        if arrivals:
            sizes.append(len(arrivals))
        commit(session, keys, arrivals, now)

    monkeypatch.setattr(inbox, "accept", accept)
    for number in range(150):
        await telegram.say(1 + number, "hello")
    channel = make_channel()
    await channel.start()
    telegram.working = lambda: channel.waiting > 0
    await telegram.settled(wait=30)
    await channel.stop()
    assert sizes == [100, 50]
    assert len(turns.received) == 150


async def test_what_is_kept_and_not_for_the_bot_any_more_holds_up_nobody(
    telegram: TelegramServer, turns: StandIn, make_channel: MakeChannel
) -> None:
    group = {"id": -5, "type": "supergroup", "title": "staff as they were named before"}
    person = {"id": PAT, "is_bot": False, "first_name": "Pat"}
    kept = {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": group, "from": person, "text": "hm"}}
    payloads = (json.dumps(kept).encode(), b"{}")
    with turns.database.transaction() as session:
        arrivals = [Arrival("telegram", str(number), str(PAT), each) for number, each in enumerate(payloads)]
        inbox.accept(session, KEYS, arrivals, datetime.now(UTC))
    await telegram.say(PAT, "hello")
    channel = make_channel()
    await channel.start()
    assert await telegram.until(lambda: bool(telegram.fresh(PAT)), 10)
    await channel.stop()
    assert [(row.payload, row.handled_at is None) for row in turns.inbox()] == [(None, False)] * 3


async def test_after_a_silent_week_smaller_update_ids_are_taken(
    telegram: TelegramServer, turns: StandIn, channel: Telegram
) -> None:
    await telegram.say(PAT, "one")
    await telegram.heard(PAT)
    telegram.chats.restart_ids(5)
    polls = telegram.polls
    telegram.end_poll()
    await telegram.until(lambda: telegram.polls > polls, 5)
    await telegram.say(PAT, "two")
    await telegram.heard(PAT)
    assert [each.text for each in turns.received] == ["one", "two"]


async def _start_process(telegram: TelegramServer, database: Database) -> asyncio.subprocess.Process:
    Base.metadata.create_all(database.engine)
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.channels.bot_process", telegram.base_url, str(database.url)
    )


def _is_past(telegram: TelegramServer, replies: int) -> bool:
    return len(telegram.called("sendMessage")) >= replies
