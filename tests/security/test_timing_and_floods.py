"""S1 by time, and G5: a stranger learns nothing by a clock, and one chat that floods the bot holds nobody else up."""

import asyncio
import itertools
import random
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial

import pytest
from sqlalchemy import delete
from starlette.testclient import TestClient

from bot.channels.telegram.channel import Telegram
from bot.desk.live import Hub
from bot.dialogue.conversation import Conversations
from bot.dialogue.messages import Incoming
from bot.web.server import create_app
from core import staff
from core.tables import Budget, Conversation
from tests.desk.office import Office
from tests.desk.visitors import give_password
from tests.security.figures import Measured
from tests.telegram_server import TelegramServer
from tests.world import ADDRESS, World, library

PAIRS = pytest.mark.parametrize("pairs", [80, pytest.param(1000, marks=pytest.mark.prove)])
MILLISECONDS = 1000
# What the quick variants allow: few pairs, beside whatever else the machine does.
QUICK_MS = 15.0
FULL_MS = 2.0


def interval(differences: Sequence[float], seed: random.Random, draws: int = 2000) -> tuple[float, float]:
    """Return the 95% bootstrap interval of the median of paired differences, in milliseconds."""
    medians = sorted(
        statistics.median(seed.choices(differences, k=len(differences)))
        for _ in range(min(draws, 400_000 // len(differences)))
    )
    return medians[int(0.025 * len(medians))] * MILLISECONDS, medians[int(0.975 * len(medians))] * MILLISECONDS


def paired(known: Callable[[int], float], unknown: Callable[[int], float], pairs: int) -> tuple[float, float]:
    """Measure both, in random order within each pair; return the interval of the median difference."""
    seed = random.Random(11)
    differences = []
    for number in range(pairs):
        both = [(1, known), (-1, unknown)]
        seed.shuffle(both)
        taken = {sign: action(number) for sign, action in both}
        differences.append(taken[1] - taken[-1])
    return interval(differences, seed)


def check(low: float, high: float, pairs: int) -> None:
    """Check that nothing is to be learnt."""
    most = FULL_MS if pairs >= 1000 else QUICK_MS
    assert low > -most, f"{low:.2f} to {high:.2f} ms"
    assert high < most, f"{low:.2f} to {high:.2f} ms"


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
    low, high = paired(lambda _: asked("danalee1"), lambda _: asked("danalex1"), pairs)
    measured("enumeration by time", f"through the dialogue: {low:+.2f} to {high:+.2f} ms, {pairs} pairs")
    check(low, high, pairs)


@PAIRS
def test_s1_over_http_a_page_takes_as_long_whatever_the_link_or_the_name(
    office: Office, measured: Measured, pairs: int
) -> None:
    office.hire("Ana")
    give_password(office, office.members["Ana"])
    app = create_app(
        database=office.database,
        keys=office.world.keys,
        address=ADDRESS,
        wording=lambda: library().language("en"),
        clock=office.world.clock,
    )
    client = TestClient(app, ADDRESS, follow_redirects=False)
    with office.database.transaction() as session:
        link = staff.password_link(session, office.world.keys, office.world.now, "Ana").partition("-")[0]

    def opened(path: str) -> float:
        began = time.perf_counter()
        assert client.get(path).status_code == 404
        return time.perf_counter() - began

    for _ in range(5):
        opened("/reset/9-x")
    low, high = paired(lambda _: opened(f"/reset/{link}-{'x' * 32}"), lambda _: opened(f"/reset/999-{'x' * 32}"), pairs)
    measured("enumeration by time", f"a forged link over HTTP: {low:+.2f} to {high:+.2f} ms, {pairs} pairs")
    check(low, high, pairs)


@pytest.mark.prove
def test_signing_in_takes_as_long_whether_or_not_there_is_such_a_name(office: Office, measured: Measured) -> None:
    office.hire("Ana")
    give_password(office, office.members["Ana"])
    app = create_app(
        database=office.database,
        keys=office.world.keys,
        address=ADDRESS,
        wording=lambda: library().language("en"),
        clock=office.world.clock,
        desk=(office.desk, Hub(office.database, office.world.clock)),
    )
    client = TestClient(app, ADDRESS, follow_redirects=False)

    def tried(name: str) -> float:
        with office.database.transaction() as session:
            session.execute(delete(Budget))
        began = time.perf_counter()
        assert client.post("/desk/sign-in", data={"name": name, "password": "wrong wrong wrong"}).status_code == 403
        return time.perf_counter() - began

    tried("Ana")
    low, high = paired(lambda _: tried("Ana"), lambda _: tried("Anb"), 150)
    measured("enumeration by time", f"signing in to the desk: {low:+.2f} to {high:+.2f} ms, 150 pairs")
    assert max(-low, high) < 15.0, "an unknown name takes as long as a wrong password"


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
