"""News of chats: one statement a look for all who watch, whichever worker changed them, on both databases."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from sqlalchemy import event

from bot.channels.web import news
from bot.channels.web.news import News
from bot.dialogue.conversation import Conversations
from bot.dialogue.messages import Incoming
from core.database import Database
from tests.databases import ON_BOTH
from tests.world import World


@pytest.fixture
async def watched(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[News]:
    """Yield the news of a process."""
    monkeypatch.setattr(news, "LOOK_SECONDS", 0.05)
    database = world.database()
    made = News(database)
    yield made
    made.close()
    await asyncio.sleep(0.1)
    database.close()


def says(world: World, database: Database, chat: str, text: str) -> None:
    """Say something in a chat by another worker."""
    conversations: Conversations = world.conversations(database)
    conversations.receive(Incoming("web", chat, f"{chat}:{text}:{time.monotonic_ns()}", text=text))


@ON_BOTH
async def test_who_watches_is_told_of_their_own_chat_alone(world: World, watched: News) -> None:
    other = world.database()
    says(world, other, "mine", "/menu")
    heard: dict[str, list[str]] = {"mine": [], "theirs": []}

    async def listen(chat: str) -> None:
        async with aclosing(watched.watch(chat)) as versions:
            async for version in versions:
                heard[chat].append(version)
                came.set()

    came = asyncio.Event()

    async def told(times: int) -> None:
        async with asyncio.timeout(30):
            while len(heard["mine"]) < times:
                await came.wait()
                came.clear()
        await asyncio.sleep(4 * news.LOOK_SECONDS)
        assert len(heard["mine"]) == len(set(heard["mine"])) == times

    listening = [asyncio.create_task(listen(chat)) for chat in heard]
    await told(1)  # how it stands
    await asyncio.to_thread(says, world, other, "mine", "/help")
    await told(2)
    await asyncio.to_thread(says, world, other, "mine", "/forget")
    await told(3)  # what is not kept in the transcript is news as well
    assert heard["theirs"] == []
    watched.close()
    await asyncio.gather(*listening)
    other.close()


async def test_however_many_watch_it_is_one_statement_a_look_and_none_when_nobody_does(
    world: World, watched: News
) -> None:
    statements: list[str] = []
    looked_ten_times, loop = asyncio.Event(), asyncio.get_running_loop()

    def note(*given: object) -> None:
        statements.append(str(given[2]).split()[0])
        if statements.count("SELECT") == 10:
            loop.call_soon_threadsafe(looked_ten_times.set)

    event.listen(watched._database.engine, "before_cursor_execute", note)

    async def listen(chat: str) -> None:
        async with aclosing(watched.watch(chat)) as versions:
            async for _ in versions:
                pass

    began = time.monotonic()
    listening = [asyncio.create_task(listen(f"chat {number % 150}")) for number in range(300)]
    async with asyncio.timeout(30):
        await looked_ten_times.wait()
    most = (time.monotonic() - began) / news.LOOK_SECONDS + 1
    assert statements.count("SELECT") <= most, "a look every twentieth of a second"
    assert set(statements) <= {"SELECT", "BEGIN"}
    for each in listening:
        each.cancel()
    await asyncio.gather(*listening, return_exceptions=True)
    await asyncio.sleep(0.2)
    statements.clear()
    await asyncio.sleep(0.3)
    assert statements == []


async def test_a_chat_is_watched_by_so_many_tabs(watched: News) -> None:
    open_tabs = [watched.watch("mine") for _ in range(news.TABS)]
    waiting = [asyncio.ensure_future(anext(each)) for each in open_tabs]
    await asyncio.sleep(0.1)
    assert watched.is_full("mine")
    assert not watched.is_full("theirs")
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert not watched.is_full("mine")
