"""What goes wrong with Telegram: one chat has to wait, the others do not; nothing is lost, and little comes twice."""

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

import pytest
from sqlalchemy import select

from bot.channels.telegram import transport
from bot.delivery import worker as worker_module
from core import rules
from core.database import Database
from core.pacing import ChannelPace, Pace
from core.tables import AuditEvent, Conversation, FollowUp, Owed, Ticket
from tests.faults.telegram_service import QUICK, running
from tests.telegram_server import Fault, TelegramServer

PAT = 1
QUESTION = "what is a CUPA?"
OTHERS = range(2, 22)

pytestmark = pytest.mark.alone


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again sooner than in service, where 5 seconds and more are waited."""
    monkeypatch.setattr(rules, "REPLY_RETRY_SECONDS", 0.3)
    monkeypatch.setattr(worker_module, "PAUSE_SECONDS", 0.1)


def sends(telegram: TelegramServer, chat: int) -> list[float]:
    """Return when the bot sent something to the chat, whether or not it arrived."""
    return [call.at for call in telegram.called("sendMessage") if call.chat == chat]


def texts(telegram: TelegramServer, chat: int) -> list[str]:
    """Return what arrived in the chat."""
    return [message.text for message in telegram.fresh(chat)]


async def waits(telegram: TelegramServer, chats: Iterable[int]) -> list[float]:
    """Let these chats ask something at once; return how many seconds each waited for the answer, in order of size."""

    async def ask(chat: int) -> float:
        began = time.monotonic()
        await telegram.say(chat, QUESTION)
        assert await telegram.until(lambda: bool(telegram.fresh(chat)), 20)
        return time.monotonic() - began

    return sorted(await asyncio.gather(*map(ask, chats)))


def owed(url: str) -> list[str | None]:
    """Return how the replies fared, oldest first."""
    database = Database(url)
    with database.transaction() as session:
        outcomes = list(session.scalars(select(Owed.outcome).order_by(Owed.id)))
    database.close()
    return outcomes


async def test_a_wait_of_one_chat_is_kept_over_a_restart_and_delays_no_other(
    telegram: TelegramServer, url: str
) -> None:
    wait = Fault(
        "sendMessage", "refuse", PAT, status=429, description="Too Many Requests: retry after 4", retry_after=4
    )
    telegram.faults.append(wait)
    async with running(telegram.base_url, url):
        await telegram.say(PAT, "hello")
        assert await telegram.until(lambda: bool(sends(telegram, PAT)), 10)
        [refused_at] = sends(telegram, PAT)
        await telegram.say(PAT, QUESTION)
        taken = await waits(telegram, OTHERS)
        assert taken[int(0.95 * len(taken))] < 1
    async with running(telegram.base_url, url):
        await telegram.say(PAT, "thank you")
        assert await telegram.until(lambda: len(texts(telegram, PAT)) >= 3, 20)
        await telegram.settled()
    again = [at for at in sends(telegram, PAT) if at > refused_at]
    assert min(again) >= refused_at + 4 - 0.05
    database = Database(url)
    with database.transaction() as session:
        chat = session.scalars(select(Conversation).where(Conversation.chat == str(PAT))).one()
        assert chat.free_at
    database.close()
    answers = texts(telegram, PAT)
    assert len(answers) == len(set(answers)), "an answer came twice"
    assert "CUPA" in answers[1], "the answers came out of order"
    assert set(owed(url)) == {"sent"}


@pytest.mark.parametrize("kind", ["refuse", "drop_before"])
async def test_what_telegram_did_not_do_is_tried_again_and_comes_once(
    kind: Literal["refuse", "drop_before"], telegram: TelegramServer, url: str
) -> None:
    telegram.faults.append(Fault("sendMessage", kind, PAT, times=3 if kind == "refuse" else 1))
    async with running(telegram.base_url, url):
        await telegram.say(PAT, QUESTION)
        assert (await waits(telegram, OTHERS))[-2] < 1
        assert await telegram.until(lambda: bool(texts(telegram, PAT)), 20)
        await telegram.settled()
    assert len(texts(telegram, PAT)) == 1
    assert set(owed(url)) == {"sent"}


@pytest.mark.parametrize("times", [1, 2, 5])
async def test_what_telegram_did_without_saying_so_comes_at_most_twice(
    times: int, telegram: TelegramServer, url: str
) -> None:
    telegram.faults.append(Fault("sendMessage", "drop_after", PAT, times=times))
    async with running(telegram.base_url, url):
        await telegram.say(PAT, QUESTION)
        assert await telegram.until(lambda: set(owed(url)) == {"sent"}, 20)
        await asyncio.sleep(1)
    assert len(texts(telegram, PAT)) == 2


async def test_a_timeout_after_doing_makes_at_most_two_copies(
    telegram: TelegramServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "READ_SECONDS", 0.3)
    telegram.faults.append(Fault("sendMessage", "delay", PAT, times=5, seconds=0.6))
    async with running(telegram.base_url, url):
        await telegram.say(PAT, QUESTION)
        assert (await waits(telegram, OTHERS))[-2] < 1
        assert await telegram.until(lambda: set(owed(url)) == {"sent"}, 20)
        await asyncio.sleep(1)
    assert len(texts(telegram, PAT)) == 2


async def test_a_repeat_is_not_wasted_on_a_telegram_that_is_still_away(telegram: TelegramServer, url: str) -> None:
    telegram.faults.append(Fault("sendMessage", "drop_before", PAT))
    async with running(telegram.base_url, url):
        telegram.faults.append(Fault("getMe", "drop_before", times=3))
        await telegram.say(PAT, QUESTION)
        assert await telegram.until(lambda: bool(texts(telegram, PAT)), 20)
        await telegram.settled()
    assert len(sends(telegram, PAT)) == 2
    assert telegram.faults[1].times == 0
    assert len(texts(telegram, PAT)) == 1


async def test_when_a_later_reply_of_a_turn_fails_only_what_is_left_is_sent_again(
    telegram: TelegramServer, url: str
) -> None:
    async with running(telegram.base_url, url):
        await telegram.say(PAT, "recover my username")
        await telegram.heard(PAT)
        telegram.faults.append(Fault("sendMessage", "refuse", PAT, after=1, times=2))
        await telegram.say(PAT, "how long is the activation link valid?")
        assert await telegram.until(lambda: len(telegram.fresh(PAT)) == 2, 20)
        await telegram.settled()
        answer, question = await telegram.heard(PAT)
        assert "30 days" in answer.text
        assert "e-mail" in question.text
        assert telegram.faults[0].times == 0
        before = [message for message in telegram.chats.open(PAT).messages.values() if message.id < answer.id]
        assert not any(message.labels for message in before), "old buttons are still there"
        assert answer.labels
        assert question.labels
        await telegram.press(PAT, "Cancel")
        await telegram.heard(PAT)
        assert answer.labels == question.labels == []


async def test_who_blocks_the_bot_is_unreachable_and_the_ticket_says_so(telegram: TelegramServer, url: str) -> None:
    database = Database(url)
    async with running(telegram.base_url, url):
        for said in ("talk to a person", "my inspection report is missing", "no", "no"):
            await telegram.say(PAT, said)
            await telegram.heard(PAT)
        await telegram.press(PAT, "Send it")
        await telegram.heard(PAT)
        with database.transaction() as session:
            [conversation] = session.scalars(select(Conversation.id))
            planned = {"flow": "mail_not_here", "given": {}, "due_at": datetime(2100, 1, 1, tzinfo=UTC)}
            session.add(FollowUp(conversation_id=conversation, **planned))
        telegram.chats.open(PAT).blocked = True
        await telegram.say(PAT, "hello?")
        await telegram.settled()

        def marked() -> bool:
            with database.transaction() as session:
                return session.scalars(select(Conversation)).one().unreachable_at is not None

        assert await telegram.until(marked, 10)
        with database.transaction() as session:
            assert session.scalars(select(Ticket)).one().unreachable_at
            assert session.scalars(select(FollowUp)).one().outcome == "unreachable"
            assert "conversation.unreachable" in session.scalars(select(AuditEvent.event)).all()
        telegram.chats.open(PAT).blocked = False
        await telegram.say(PAT, "here I am again")
        await telegram.heard(PAT)
        assert not marked()
    database.close()


async def test_a_chat_gets_a_burst_and_then_one_message_a_second_in_order(telegram: TelegramServer, url: str) -> None:
    pace = ChannelPace(Pace(0.5, 4), QUICK.group, QUICK.a_second)
    said = [f"/start{number}" for number in range(8)]
    async with running(telegram.base_url, url, pace):
        for text in said:
            await telegram.say(PAT, text)
        assert await telegram.until(lambda: len(texts(telegram, PAT)) == len(said), 30)
        taken = await waits(telegram, [2])
    times = sends(telegram, PAT)
    assert len(times) == len(said), "a message was sent twice"
    for first, last in zip(times, times[5:], strict=False):
        assert last - first >= 0.5 - 0.05, "more than the burst and what was free came at once"
    assert times[-1] - times[0] >= (8 - 4) * 0.5 - 0.1
    assert taken[0] < 1


async def test_two_processes_together_keep_to_so_many_messages_a_second(telegram: TelegramServer, url: str) -> None:
    pace = ChannelPace(QUICK.private, QUICK.group, 20.0)
    chats = range(1, 61)
    async with running(telegram.base_url, url, pace) as one, running(telegram.base_url, url, pace) as other:
        for chat in chats:
            taking = one.channel if chat % 2 else other.channel
            await telegram.say(chat, "hello")
            await taking.take([telegram.chats.waiting.pop().update])
        assert await telegram.until(lambda: len(telegram.called("sendMessage")) == len(chats), 30)
    times = sorted(at for chat in chats for at in sends(telegram, chat))
    within = [sum(at <= other < at + 1 for other in times) for at in times]
    assert max(within) <= 20 + 2
    assert times[-1] - times[0] >= len(chats) / 20 - 1


async def test_a_second_process_waits_and_takes_over_when_the_first_ends(telegram: TelegramServer, url: str) -> None:
    async with running(telegram.base_url, url) as second:
        async with running(telegram.base_url, url) as first:
            polls = telegram.polls
            await telegram.say(PAT, "hello")
            await telegram.heard(PAT)
            await asyncio.sleep(1.5)
            assert telegram.polls - polls <= 3, "both ask for updates"
            assert first.channel.polling
            assert second.channel.polling
            assert not telegram.refused
        await telegram.say(PAT, QUESTION)
        assert "CUPA" in (await telegram.heard(PAT))[0].text


async def test_5000_waiting_messages_of_one_chat_hold_up_no_other(telegram: TelegramServer, url: str) -> None:
    for number in range(5_000):
        await telegram.say(PAT, f"/start{number}")
    async with running(telegram.base_url, url) as service:
        assert await telegram.until(lambda: len(sends(telegram, PAT)) > 0, 20)
        assert await telegram.until(lambda: not telegram.chats.waiting, 30), "polling pauses"
        taken = await waits(telegram, OTHERS)
        assert service.channel.waiting < 1_000
        assert len(sends(telegram, PAT)) < 4_500, "the flood was over before"
    assert taken[int(0.95 * len(taken))] < 1
