"""Of the processes on one database one does a thing; another takes over when it has ended, on its machine at once."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from core import leases, process_lease
from core.database import Database
from core.process_lease import LEASE_SECONDS, ProcessLease

NAME = "polling"
NOW = datetime(2026, 11, 16, 18, tzinfo=UTC)


def held_by(database: Database, holder: str, at: datetime = NOW) -> None:
    with database.transaction() as session:
        assert leases.take(session, NAME, holder, LEASE_SECONDS, at, lambda *_: False)


def own(database: Database) -> str:
    return ProcessLease(database, lambda: NOW, NAME)._holder


def test_one_does_it_and_the_other_waits_until_it_gives_up(database: Database) -> None:
    one, other = ProcessLease(database, lambda: NOW, NAME), ProcessLease(database, lambda: NOW, NAME)
    assert [one.is_ours(), other.is_ours(), one.is_ours()] == [True, False, True]
    one.release()
    assert other.is_ours()


def test_a_process_of_this_machine_that_was_killed_is_followed_at_once(database: Database) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    host, _, started, number = own(database).split(" ")
    held_by(database, f"{host} {process.pid} {started} {number}")
    assert ProcessLease(database, lambda: NOW, NAME).is_ours()


def test_a_process_of_a_container_that_had_the_same_number_is_followed_at_once(database: Database) -> None:
    host, process, _, number = own(database).split(" ")
    held_by(database, f"{host} {process} another {number}")
    assert ProcessLease(database, lambda: NOW, NAME).is_ours()


@pytest.mark.parametrize("where", ["this machine", "another-machine"])
def test_a_process_that_may_run_is_waited_for_until_its_lease_runs_out(database: Database, where: str) -> None:
    host, _, started, number = own(database).split(" ")
    running = 1  # the first process of every machine
    held_by(database, f"{host if where == 'this machine' else where} {running} {started} {number}")
    assert not ProcessLease(database, lambda: NOW, NAME).is_ours()
    assert ProcessLease(database, lambda: NOW + timedelta(seconds=LEASE_SECONDS), NAME).is_ours()


def test_a_process_whose_clock_was_ahead_is_followed_once_it_renews_no_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_by(database, "another-machine 1 a b", NOW + timedelta(hours=1))
    waiting = ProcessLease(database, lambda: NOW, NAME)
    assert not waiting.is_ours()
    held_by(database, "another-machine 1 a b", NOW + timedelta(hours=1, seconds=1))
    now = time.monotonic()
    monkeypatch.setattr(process_lease, "time", SimpleNamespace(monotonic=lambda: now))
    now += LEASE_SECONDS + 1
    assert not waiting.is_ours(), "it has renewed it since"
    now += LEASE_SECONDS + 1
    assert waiting.is_ours()


def test_while_the_database_is_away_nobody_does_it(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = ProcessLease(sqlite, lambda: NOW, NAME)
    monkeypatch.setattr(process_lease, "RENEW_SECONDS", 0)
    assert lease.is_ours()
    with sqlite.engine.connect() as connection:
        connection.exec_driver_sql("DROP TABLE leases")
        connection.commit()
    assert not lease.is_ours()
    lease.release()
