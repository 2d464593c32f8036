"""Of the processes on one database one polls; another takes over when it has ended, on the same machine at once."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from bot.channels.telegram import polling_lease
from bot.channels.telegram.polling_lease import LEASE_SECONDS, NAME, PollingLease
from core import leases
from core.database import Database

NOW = datetime(2026, 11, 16, 18, tzinfo=UTC)


def held_by(database: Database, holder: str) -> None:
    with database.transaction() as session:
        assert leases.take(session, NAME, holder, LEASE_SECONDS, NOW, lambda _: False)


def own(database: Database) -> str:
    return PollingLease(database, lambda: NOW)._holder


def test_one_polls_and_the_other_waits_until_it_gives_up(database: Database) -> None:
    one, other = PollingLease(database, lambda: NOW), PollingLease(database, lambda: NOW)
    assert [one.is_ours(), other.is_ours(), one.is_ours()] == [True, False, True]
    one.release()
    assert other.is_ours()


def test_a_process_of_this_machine_that_was_killed_is_followed_at_once(database: Database) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    host, _, started, number = own(database).split(" ")
    held_by(database, f"{host} {process.pid} {started} {number}")
    assert PollingLease(database, lambda: NOW).is_ours()


def test_a_process_of_a_container_that_had_the_same_number_is_followed_at_once(database: Database) -> None:
    host, process, _, number = own(database).split(" ")
    held_by(database, f"{host} {process} another {number}")
    assert PollingLease(database, lambda: NOW).is_ours()


@pytest.mark.parametrize("where", ["this machine", "another-machine"])
def test_a_process_that_may_run_is_waited_for_until_its_lease_runs_out(database: Database, where: str) -> None:
    host, _, started, number = own(database).split(" ")
    running = 1  # the first process of every machine
    held_by(database, f"{host if where == 'this machine' else where} {running} {started} {number}")
    assert not PollingLease(database, lambda: NOW).is_ours()
    assert PollingLease(database, lambda: NOW + timedelta(seconds=LEASE_SECONDS)).is_ours()


def test_while_the_database_is_away_nobody_polls(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = PollingLease(database, lambda: NOW)
    monkeypatch.setattr(polling_lease, "RENEW_SECONDS", 0)
    assert lease.is_ours()
    with database.engine.connect() as connection:
        connection.exec_driver_sql("DROP TABLE leases")
        connection.commit()
    assert not lease.is_ours()
    lease.release()
