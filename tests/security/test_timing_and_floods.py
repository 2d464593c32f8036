"""S1 by time, and G5: a stranger learns nothing by a clock, and one chat that floods the bot holds nobody else up."""

import asyncio
import itertools
import statistics
import time
from functools import partial

import pytest
from sqlalchemy import delete
from starlette.testclient import TestClient

from bot.channels.telegram.channel import Telegram
from bot.dialogue.conversation import Conversations
from bot.dialogue.messages import Incoming
from core.tables import Budget, Conversation
from tests.desk.office import Office
from tests.desk.visitors import give_password
from tests.people import mailed_link, register
from tests.security.clocks import PAIRS, paired
from tests.security.figures import Measured
from tests.telegram_server import TelegramServer
from tests.world import ADDRESS, World


@pytest.mark.alone
@PAIRS
def test_s1_asking_takes_as_long_whether_or_not_there_is_an_account(
    world: World, measured: Measured, pairs: int
) -> None:
    database = world.database()
    conversations = world.conversations(database)
    number = itertools.count()

    def asked(identifier: str) -> float:
        chat = f"{next(number)}"
        texts = ("reset my password", identifier, "XXXXX")
        began = time.perf_counter()
        for place, text in enumerate(texts):
            conversations.receive(Incoming("test", chat, f"{chat}:{place}", text))
        return time.perf_counter() - began

    for _ in range(5):
        asked("danalee1")
    difference = paired(lambda: asked("danalee1"), lambda: asked("danalex1"), pairs)
    measured("enumeration by time", f"through the dialogue: {difference}")
    difference.check()


@pytest.mark.alone
@PAIRS
def test_s1_over_http_a_page_takes_as_long_whatever_the_link_or_the_name(
    office: Office, measured: Measured, pairs: int
) -> None:
    office.hire("Ana")
    give_password(office, office.members["Ana"])
    app = office.app(ADDRESS)
    client = TestClient(app, ADDRESS, follow_redirects=False)
    account = register(office.database, office.world.now, active=True)
    link = mailed_link(office.database, office.world.keys, account, "reset", office.world.now).partition("-")[0]

    def opened(path: str) -> float:
        began = time.perf_counter()
        assert client.get(path).status_code == 404
        return time.perf_counter() - began

    for _ in range(5):
        opened("/reset/9-x")
    forged = "x" * 32
    difference = paired(lambda: opened(f"/reset/{link}-{forged}"), lambda: opened(f"/reset/999-{forged}"), pairs)
    measured("enumeration by time", f"a forged link over HTTP: {difference}")
    difference.check()


@pytest.mark.prove
def test_signing_in_takes_as_long_whether_or_not_there_is_such_a_name(office: Office, measured: Measured) -> None:
    office.hire("Ana")
    give_password(office, office.members["Ana"])
    app = office.app(ADDRESS)
    client = TestClient(app, ADDRESS, follow_redirects=False)

    def tried(name: str) -> float:
        with office.database.transaction() as session:
            session.execute(delete(Budget))
        began = time.perf_counter()
        assert client.post("/desk/sign-in", data={"name": name, "password": "wrong wrong wrong"}).status_code == 403
        return time.perf_counter() - began

    tried("Ana")
    difference = paired(lambda: tried("Ana"), lambda: tried("Anb"), 100)
    measured("enumeration by time", f"signing in to the desk: {difference}")
    difference.check(most=10.0)


@pytest.mark.prove
async def test_g5_beside_a_chat_at_a_thousand_messages_a_second_others_are_answered_within_a_second(
    world: World, measured: Measured
) -> None:
    flood, others, seconds = 66, range(100, 120), 5
    database = world.database()
    conversations: Conversations = world.conversations(database)
    async with TelegramServer(quiet=0.05) as server:
        channel = Telegram(
            server.token,
            server.base_url,
            world.keys,
            database,
            conversations,
            world.running_clock,
            commands={},
            apology="Sorry",
        )
        channel.messages_a_second = 1_000
        await channel.start()
        await server.say(99, "how long is the activation link valid?")
        await server.heard(99)
        taken: list[float] = []

        async def pour() -> int:
            sent, began = 0, time.monotonic()
            while time.monotonic() - began < seconds:
                due = int((time.monotonic() - began) * 1000)
                for _ in range(sent, due):
                    await server.say(flood, "hello again")
                sent = max(sent, due)
                await asyncio.sleep(0.01)
            return sent

        def answered(chat: int, heard: int) -> bool:
            return len(server.fresh(chat)) > heard

        async def ask(chat: int) -> None:
            for _ in range(seconds - 2):
                began = time.monotonic()
                await server.say(chat, "how long is the activation link valid?")
                assert await server.until(partial(answered, chat, len(server.fresh(chat))), 20)
                taken.append(time.monotonic() - began)
                await asyncio.sleep(0.5)

        pouring = asyncio.create_task(pour())
        await asyncio.gather(*(ask(chat) for chat in others))
        poured = await pouring
        await channel.stop()
    p95 = statistics.quantiles(taken, n=20)[-1]
    measured("flooding", f"{poured / seconds:.0f} messages a second in one chat: others' p95 {p95:.2f} s")
    assert p95 < 1.0
    with database.transaction() as session:
        assert session.query(Conversation).count() == len(others) + 2
