"""Readiness: what is missing is named within seconds, and no longer once it is there."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from bot.operations import readiness as module
from bot.operations.readiness import Readiness
from core.database import Database
from core.migrations import NEWEST
from tests.databases import ON_BOTH
from tests.world import World

pytestmark = ON_BOTH


@pytest.fixture
def database(world: World) -> Iterator[Database]:
    """Yield a database whose revision is noted."""
    database = world.database()
    if database.file is not None:
        with database.transaction() as session:
            session.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
            session.execute(text("INSERT INTO alembic_version VALUES (:newest)"), {"newest": NEWEST})
    yield database
    database.close()


def test_what_is_missing_is_named(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    looking = Readiness(database)
    assert looking.look() == ()
    with monkeypatch.context() as full:
        full.setattr(module, "free_bytes", lambda _: 1024)
        assert looking.look() == ("disk",)
    if database.file is not None:
        away = database.file.parent.rename(database.file.parent.with_name("away"))
        assert looking.look() == ("disk",)
        away.rename(database.file.parent)
        assert looking.look() == ()
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    assert looking.look() == ("migrations",)
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": NEWEST})
    assert looking.look() == ()


def test_a_worker_that_hangs_and_an_answer_that_is_stale_are_named(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = [0.0]
    looking = Readiness(database)
    assert looking.missing() == ("database",)
    looking.start(lambda: silent[0])
    try:
        for _ in range(500):
            if not looking.missing():
                break
            looking._stopping.wait(0.01)
        assert looking.missing() == ()
        silent[0] = module.WORKER_SECONDS + 1
        assert looking.missing() == ("worker",)
        monkeypatch.setattr(module, "STALE_SECONDS", -1.0)
        assert looking.missing() == ("database", "worker")
    finally:
        looking.stop()
