"""Leases: one holder at a time, until it gives back, ends, or lets the time run out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from core import leases
from core.database import Database


def take(database: Database, holder: str, now: datetime, gone: str = "") -> bool:
    with database.transaction() as session:
        return leases.take(session, "polling", holder, 30, now, lambda other, _: other == gone)


def test_one_has_the_lease_and_takes_it_anew(database: Database, now: datetime) -> None:
    assert [take(database, holder, now) for holder in ("one", "other", "one")] == [True, False, True]


def test_a_lease_that_has_run_out_passes_on(database: Database, now: datetime) -> None:
    take(database, "one", now)
    assert not take(database, "other", now + timedelta(seconds=29))
    assert take(database, "other", now + timedelta(seconds=30))
    assert not take(database, "one", now + timedelta(seconds=31))


def test_the_lease_of_one_that_is_gone_passes_on_at_once(database: Database, now: datetime) -> None:
    take(database, "one", now)
    assert take(database, "other", now, gone="one")


def test_only_the_holder_gives_a_lease_back(database: Database, now: datetime) -> None:
    take(database, "one", now)
    with database.transaction() as session:
        leases.release(session, "polling", "other")
    assert not take(database, "other", now)
    with database.transaction() as session:
        leases.release(session, "polling", "one")
    assert take(database, "other", now)


def test_of_eight_at_once_one_gets_it(database: Database, now: datetime) -> None:
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda number: take(database, str(number), now), range(8)))
    assert taken.count(True) == 1
