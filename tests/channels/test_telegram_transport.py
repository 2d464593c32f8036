"""Requests to the Bot API go by aiohttp, fail as the library expects, and never show the token."""

import asyncio
import errno
import logging
from collections.abc import Callable
from datetime import UTC, datetime

import aiohttp
import pytest
from telegram import Bot
from telegram.error import InvalidToken, NetworkError, RetryAfter, TimedOut

from bot.channels.telegram.channel import Telegram
from bot.channels.telegram.transport import AiohttpRequest, seconds_to_wait
from bot.channels.telegram.unusable import TelegramUnusable
from core.database import Database
from tests.channels.conftest import KEYS
from tests.channels.stand_in import StandIn
from tests.telegram_server import Fault, TelegramServer

SECRET = "7000:example-token-of-the-tests"
WRONG = "7001:a-wrong-token-that-nobody-may-see"
MakeAt = Callable[[str, str], Telegram]


@pytest.fixture
def make_at(turns: StandIn, database: Database) -> MakeAt:
    def make(token: str, base_url: str) -> Telegram:
        return Telegram(
            token, base_url, KEYS, database, turns, lambda: datetime.now(UTC), commands={}, apology="Sorry."
        )

    return make


async def test_a_wrong_token_ends_the_start_with_a_sentence(
    telegram: TelegramServer, make_at: MakeAt, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(TelegramUnusable, match="CERSBOT_TELEGRAM_TOKEN") as caught:
        await make_at(WRONG, telegram.base_url).start()
    assert "BotFather" in str(caught.value)
    _assert_hidden(WRONG, caplog, caught.value)


async def test_a_server_that_is_not_there_ends_the_start_with_a_sentence(
    telegram: TelegramServer, make_at: MakeAt, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await telegram.stop()
    with pytest.raises(TelegramUnusable, match="CERSBOT_TELEGRAM_BASE_URL=http://127") as caught:
        await make_at(SECRET, telegram.base_url).start()
    _assert_hidden(SECRET, caplog, caught.value)


async def test_an_address_that_is_no_bot_api_ends_the_start_with_a_sentence(
    telegram: TelegramServer, make_at: MakeAt
) -> None:
    with pytest.raises(TelegramUnusable, match="CERSBOT_TELEGRAM"):
        await make_at(SECRET, telegram.base_url.removesuffix("bot") + "elsewhere/bot").start()


async def test_no_log_holds_the_token_whatever_goes_wrong(
    telegram: TelegramServer, turns: StandIn, make_at: MakeAt, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    channel = make_at(SECRET, telegram.base_url)
    await channel.start()
    telegram.faults += [Fault("sendMessage", "drop_after"), Fault("sendMessage", "refuse", status=401)]
    port = telegram.port
    for text in ("one", "two", "three"):
        await telegram.say(1, text)
        await telegram.settled()
    await telegram.stop()
    await asyncio.sleep(0.3)
    await telegram.start(port)
    await telegram.say(1, "four")
    await telegram.heard(1)
    await channel.stop()
    assert len(turns.failures) >= 2
    assert len(caplog.records) > 2
    _assert_hidden(SECRET, caplog)


async def test_a_connection_that_breaks_while_a_request_is_written_is_told_without_its_address(
    telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(session: aiohttp.ClientSession, method: str, url: str, **_: object) -> None:
        raise aiohttp.ClientOSError(errno.EPIPE, f"Can not write request body for {url}")

    request = AiohttpRequest(1)
    async with Bot(SECRET, telegram.base_url, request=request, get_updates_request=request) as bot:
        monkeypatch.setattr(aiohttp.ClientSession, "request", break_off)
        with pytest.raises(NetworkError, match=r"Broken pipe$"):
            await bot.get_me()


async def test_failures_are_those_that_the_library_knows(telegram: TelegramServer) -> None:
    request = AiohttpRequest(4)
    async with Bot(SECRET, telegram.base_url, request=request, get_updates_request=request) as bot:
        telegram.chats.open(1)
        telegram.faults += [
            Fault("sendMessage", "refuse", status=429, description="Too Many Requests", retry_after=3),
            Fault("sendMessage", "drop_before"),
            Fault("sendMessage", "delay", seconds=0.5),
        ]
        with pytest.raises(RetryAfter) as wait:
            await bot.send_message(1, "hello")
        assert seconds_to_wait(wait.value) == 3.0
        with pytest.raises(NetworkError) as dropped:
            await bot.send_message(1, "hello")
        assert not isinstance(dropped.value, TimedOut)
        assert dropped.value.__cause__ is None
        with pytest.raises(TimedOut):
            await bot.send_message(1, "hello", read_timeout=0.1)
        assert (await bot.send_message(1, "hello & <good> bye ü 😀")).text == "hello & <good> bye ü 😀"
    with pytest.raises(NetworkError, match="closed"):
        await bot.send_message(1, "hello")


async def test_a_token_that_is_refused_later_is_an_invalid_token(telegram: TelegramServer) -> None:
    request = AiohttpRequest(4)
    async with Bot(SECRET, telegram.base_url, request=request, get_updates_request=request) as bot:
        telegram.token = "another"
        with pytest.raises(InvalidToken):
            await bot.send_message(1, "hello")


async def test_requests_beyond_the_pool_wait_for_their_turn(telegram: TelegramServer) -> None:
    request = AiohttpRequest(3)
    async with Bot(SECRET, telegram.base_url, request=request, get_updates_request=request) as bot:
        telegram.chats.open(1)
        await asyncio.gather(*(bot.send_message(1, str(number)) for number in range(50)))
    assert len(telegram.fresh(1)) == 50


def _assert_hidden(token: str, caplog: pytest.LogCaptureFixture, error: BaseException | None = None) -> None:
    formatter = logging.Formatter()
    shown = "\n".join(formatter.format(record) for record in caplog.records)
    while error is not None:
        shown += f"\n{error!r} {error}"
        error = error.__cause__
    assert token.partition(":")[2] not in shown
