"""S1 by time, and G5: a stranger learns nothing by a clock, and one chat that floods the bot holds nobody else up."""

import asyncio
import itertools
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import pytest
from sqlalchemy import delete
from starlette.testclient import TestClient

from bot.channels.telegram.channel import Telegram
from bot.dialogue.conversation import Conversations
from bot.dialogue.messages import Incoming
from core.tables import Budget, Conversation
from tests.desk.office import Office
from tests.desk.visitors import application, give_password
from tests.people import mailed_link, register
from tests.security.figures import Measured
from tests.telegram_server import TelegramServer
from tests.world import ADDRESS, World

PAIRS = pytest.mark.parametrize("pairs", [60, pytest.param(1000, marks=pytest.mark.prove)])
MILLISECONDS = 1000
FULL_MS = 2.0


def interval(differences: Sequence[float], seed: random.Random, draws: int = 2000) -> tuple[float, float]:
    """Return the 95% bootstrap interval of the median of paired differences, in milliseconds."""
    medians = sorted(
        statistics.median(seed.choices(differences, k=len(differences)))
        for _ in range(min(draws, 400_000 // len(differences)))
    )
    return medians[int(0.025 * len(medians))] * MILLISECONDS, medians[int(0.975 * len(medians))] * MILLISECONDS


def paired(known: Callable[[], float], unknown: Callable[[], float], pairs: int) -> "Difference":
    """Measure known, unknown and known once more in random order, so often; return what the clock tells of them."""
    seed = random.Random(11)
    told, control = [], []
    for _ in range(pairs):
        order = [0, 1, 2]
        seed.shuffle(order)
        taken = [0.0, 0.0, 0.0]
        for each in order:
            taken[each] = (known, unknown, known)[each]()
        told.append(taken[0] - taken[1])
        control.append(taken[0] - taken[2])
    return Difference(pairs, interval(told, seed), interval(control, seed))


@dataclass(frozen=True)
class Difference:
    """Intervals in milliseconds: of known against unknown, and of known against known, which is the noise."""

    pairs: int
    told: tuple[float, float]
    control: tuple[float, float]

    def __str__(self) -> str:
        """Return both, as the table has them."""
        (low, high), (least, most) = self.told, self.control
        return f"{low:+.2f} to {high:+.2f} ms, {self.pairs} pairs (the same twice: {least:+.2f} to {most:+.2f} ms)"

    def check(self, most: float = FULL_MS) -> None:
        """Check that nothing is to be learnt beyond the noise of the clock."""
        noise = self.control[1] - self.control[0]
        assert -most - noise < self.told[0], self
        assert self.told[1] < most + noise, self


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


@PAIRS
def test_s1_over_http_a_page_takes_as_long_whatever_the_link_or_the_name(
    office: Office, measured: Measured, pairs: int
) -> None:
    office.hire("Ana")
    give_password(office, office.members["Ana"])
    app = application(office)
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
    app = application(office)
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
