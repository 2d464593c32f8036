"""The metrics, as Prometheus reads them over HTTP: figures that are right, and nobody's name."""

import urllib.request
from collections.abc import Iterator

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from bot.delivery.post import MailRefused
from bot.operations.metrics import MeasuredPost, Metrics
from core.tables import Budget
from tests.asking import MAIL_A_CODE, RECOVER
from tests.databases import ON_BOTH
from tests.delivery.stand_ins import letter, owe
from tests.ports import free_port
from tests.world import Chat, World, converse

pytestmark = ON_BOTH


@pytest.fixture
def metrics(world: World) -> Metrics:
    """Return the metrics of a process on the world's database."""
    return Metrics(world.database(), world.clock, tuple)


@pytest.fixture
def page(metrics: Metrics) -> Iterator[str]:
    """Yield the address where they are read."""
    port = free_port()
    stop = metrics.serve("127.0.0.1", port)
    yield f"http://127.0.0.1:{port}/metrics"
    stop()


def read(page: str) -> dict[str, float]:
    """Return every figure by its name and labels."""
    with urllib.request.urlopen(page, timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


async def test_what_waits_is_counted_and_how_long(world: World, chat: Chat, page: str) -> None:
    world.letterbox.refusal = MailRefused("SMTP [451]", permanent=False)
    await converse(chat, [*RECOVER, (MAIL_A_CODE, "8 digits")])
    world.later(3)
    found = read(page)
    assert found["cersbot_ready"] == 1
    assert found['cersbot_waiting{kind="letters"}'] == 1
    assert found['cersbot_waiting_seconds{kind="letters"}'] == 180
    for kind in ("messages", "requests", "replies", "tickets"):
        assert found[f'cersbot_waiting{{kind="{kind}"}}'] == 0


def test_transactions_are_timed_and_what_only_reads_is_none(world: World) -> None:
    database = world.database()
    metrics = Metrics(database, world.clock, tuple)
    with database.transaction() as session:
        session.execute(select(1))
    with pytest.raises(SQLAlchemyError), database.transaction() as session:
        session.execute(text("no SQL"))
    with database.reading() as session:
        session.execute(select(1))
    list(metrics.collect())
    name = "cersbot_transaction_seconds_count"
    assert [metrics.registry.get_sample_value(name, {"end": end}) for end in ("commit", "rollback")] == [1, 1]


async def test_what_waits_is_read_beside_a_turn_that_writes(world: World, metrics: Metrics) -> None:
    owe(world)
    with world.database().transaction() as session:
        session.add(Budget(key="unfinished", spent=[], updated_at=world.now))
        session.flush()
        count = {figure.name: figure for figure in metrics.collect()}["cersbot_waiting"]
    assert {sample.labels["kind"]: sample.value for sample in count.samples}["letters"] == 1


async def test_letters_are_counted_by_what_came_of_them(world: World, metrics: Metrics, page: str) -> None:
    post = MeasuredPost(world.letterbox, metrics)
    await post.hand_in(letter())
    for is_permanent in (True, False, False):
        world.letterbox.refusal = MailRefused("no", permanent=is_permanent)
        with pytest.raises(MailRefused):
            await post.hand_in(letter())
    found = read(page)
    counted = {
        each: found[f'cersbot_letters_total{{outcome="{each}"}}'] for each in ("accepted", "refused", "postponed")
    }
    assert counted == {"accepted": 1, "refused": 1, "postponed": 2}
    assert found["cersbot_letter_seconds_count"] == 4


async def test_no_figure_names_anybody(world: World, chat: Chat, metrics: Metrics, page: str) -> None:
    await converse(chat, [*RECOVER, (MAIL_A_CODE, "8 digits")])
    await MeasuredPost(world.letterbox, metrics).hand_in(letter())
    text = str(sorted(read(page)))
    assert not [each for each in ("dana", "example.org", "17", "smith") if f'"{each}' in text or each in text.split()]
    assert "@" not in text


async def test_while_the_database_is_away_the_rest_is_still_told(world: World) -> None:
    metrics = Metrics(world.database(), world.clock, lambda: ("database",))
    port = free_port()
    stop = metrics.serve("127.0.0.1", port)
    found = read(f"http://127.0.0.1:{port}/metrics")
    stop()
    assert found["cersbot_ready"] == 0
    assert not [name for name in found if name.startswith("cersbot_waiting")]
