"""The webhook: who does not know the secret is refused; an update that comes often and anywhere acts once (G1, G5)."""

import asyncio
import json
import random
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest
import uvicorn
from sqlalchemy import select
from starlette.applications import Starlette

from bot.channels.telegram.channel import Telegram, Webhook
from bot.channels.telegram.webhook import HEADER, MOST_BYTES, PATH, webhook
from core.database import Database
from core.tables import Conversation, Message
from tests.faults.telegram_service import running
from tests.telegram_server import TelegramServer

SECRET = "a-secret-of-the-tests"
HOOK = Webhook("https://bot.example.org/telegram", SECRET)
PAT = 11


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer(quiet=0.1) as server:
        yield server


@asynccontextmanager
async def listening(channel: Telegram | None) -> AsyncIterator[str]:
    """Serve the webhook of a channel; yield its address."""
    app = Starlette(routes=[webhook(SECRET, lambda: channel)])
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}{PATH}"
        server.should_exit = True
        await serving


async def post(address: str, body: Any, secret: str | None = SECRET) -> int:
    """Hand in a body as Telegram does; return the status."""
    headers = {} if secret is None else {HEADER: secret}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with aiohttp.ClientSession() as session, session.post(address, data=data, headers=headers) as response:
        return response.status


async def update(telegram: TelegramServer, chat: int, text: str) -> dict[str, Any]:
    """Return what Telegram hands in when somebody says something."""
    await telegram.say(chat, text)
    return telegram.chats.waiting.pop().update


async def test_an_update_is_answered_and_confirmed_when_the_reply_has_left(telegram: TelegramServer, url: str) -> None:
    async with running(telegram.base_url, url, webhook=HOOK) as service, listening(service.channel) as address:
        assert telegram.chats.webhook == (HOOK.url, SECRET)
        assert await post(address, await update(telegram, PAT, "what is a CUPA?")) == 200
        assert "CUPA" in telegram.fresh(PAT)[0].text
    assert telegram.polls == 0


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1], SECRET + "x", "ä"])
async def test_who_does_not_know_the_secret_is_refused(telegram: TelegramServer, url: str, secret: str | None) -> None:
    async with running(telegram.base_url, url, webhook=HOOK) as service, listening(service.channel) as address:
        assert await post(address, await update(telegram, PAT, "hello"), secret) == 403
        await telegram.silent(PAT)


async def test_what_is_no_update_is_refused_and_harms_nothing(telegram: TelegramServer, url: str) -> None:
    async with running(telegram.base_url, url, webhook=HOOK) as service, listening(service.channel) as address:
        for body in (b"", b"{", b"[]", b"null", b'{"update_id": "x"}', b"[" * 100_000, b'"\xff"'):
            assert await post(address, body) == 400
        assert await post(address, b"x" * (MOST_BYTES + 1)) == 413
        assert await post(address, await update(telegram, PAT, "what is a CUPA?")) == 200


async def test_without_a_channel_telegram_is_told_to_come_again(telegram: TelegramServer) -> None:
    async with listening(None) as address:
        assert await post(address, await update(telegram, PAT, "hello")) == 503


async def test_a_channel_that_stops_takes_nothing(telegram: TelegramServer, url: str) -> None:
    async with running(telegram.base_url, url, webhook=HOOK) as service, listening(service.channel) as address:
        await service.channel.stop()
        assert await post(address, await update(telegram, PAT, "hello")) == 503


async def test_g1_g5_updates_that_come_1_to_100_times_at_three_processes_act_once_and_in_order(
    telegram: TelegramServer, url: str
) -> None:
    shuffled = random.Random(3)
    chats, rounds = range(1, 9), 6
    said = {chat: [f"question {number} of {chat}" for number in range(rounds)] for chat in chats}
    async with AsyncExitStack() as stack:
        addresses = []
        for _ in range(3):
            service = await stack.enter_async_context(running(telegram.base_url, url, webhook=HOOK))
            addresses.append(await stack.enter_async_context(listening(service.channel)))

        async def talk(chat: int) -> None:
            """Hand each update in often and everywhere, the next as soon as one of the answers to it was 200."""
            handing = []
            for text in said[chat]:
                told = await update(telegram, chat, text)
                times = shuffled.choice((1, 1, 2, 3, 10, 20))
                handing += [asyncio.create_task(post(shuffled.choice(addresses), told)) for _ in range(times)]
                assert await handing[-times] == 200
            assert set(await asyncio.gather(*handing)) == {200}

        await asyncio.gather(*map(talk, chats))
        expected = sum(map(len, said.values()))
        assert await telegram.until(lambda: len(telegram.called("sendMessage")) >= expected, 20)
        await telegram.settled()
    database = Database(url)
    with database.transaction() as session:
        kept = {
            chat: list(
                session.scalars(
                    select(Message.text)
                    .join(Conversation, Conversation.id == Message.conversation_id)
                    .where(Conversation.chat == str(chat), Message.author == "person")
                    .order_by(Message.id)
                )
            )
            for chat in chats
        }
    database.close()
    assert kept == said
    assert len(telegram.called("sendMessage")) == expected


async def test_g5_two_updates_of_a_chat_that_are_handled_by_two_processes_stay_in_order(
    telegram: TelegramServer, url: str
) -> None:
    async with (
        running(telegram.base_url, url, webhook=HOOK) as one,
        running(telegram.base_url, url, webhook=HOOK) as other,
    ):
        updates = [await update(telegram, PAT, f"question {number}") for number in range(20)]
        done = []
        for number, each in enumerate(updates):
            done += await (one if number % 2 else other).channel.take([each]) or []
        for each_done in done:
            await each_done.wait()
        assert await telegram.until(lambda: len(telegram.called("sendMessage")) >= 20, 20)
        await telegram.settled()
        database = Database(url)
        with database.transaction() as session:
            kept = list(session.scalars(select(Message.text).where(Message.author == "person").order_by(Message.id)))
        database.close()
    assert kept == [f"question {number}" for number in range(20)]
    assert len(telegram.called("sendMessage")) == 20
