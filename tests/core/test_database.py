"""The database: transactions wait for each other, leave no trace when they fail, and never quote what they hold."""

import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from core.database import Database
from core.tables import Account, Budget, Link
from tests.people import register


def test_nothing_is_lost_when_four_read_and_then_write(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        session.add(Budget(key="shared", spent=[0.0], updated_at=now))

    def add_one(_: int) -> None:
        with database.transaction() as session:
            budget = session.get_one(Budget, "shared", with_for_update=True)
            budget.spent = [budget.spent[0] + 1]

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add_one, range(200)))
    with database.transaction() as session:
        assert session.get_one(Budget, "shared").spent == [200]


def test_a_transaction_that_fails_leaves_no_trace(database: Database, now: datetime) -> None:
    account = register(database, now)

    def delete_and_crash() -> None:
        with database.transaction() as session:
            session.delete(session.get_one(Account, account.id))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        delete_and_crash()
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 1


def test_what_refers_to_nothing_is_refused(database: Database, now: datetime) -> None:
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.add(Link(account_id=999, purpose="reset", created_at=now))


def test_an_error_never_quotes_what_was_to_be_stored(database: Database, now: datetime) -> None:
    account = register(database, now, "anngause", "ann@example.org")
    values = {column.key: getattr(account, column.key) for column in Account.__table__.columns if column.key != "id"}
    with pytest.raises(IntegrityError) as error, database.transaction() as session:
        session.add(Account(**values))
    said = "".join(traceback.format_exception(error.value))
    assert "username_key" in said
    assert not any(held in said for held in ("ann@example.org", "anngause", "heron"))


def test_whether_the_tables_are_current_is_seen_beside_a_writer(database: Database, now: datetime) -> None:
    with database.transaction() as writing:
        writing.add(Budget(key="unfinished", spent=[], updated_at=now))
        writing.flush()
        assert database.is_current()


def test_a_reader_waits_for_no_writer(database: Database, now: datetime) -> None:
    with database.transaction() as writing, database.reading() as session:
        writing.add(Budget(key="unfinished", spent=[], updated_at=now))
        writing.flush()
        assert session.get(Budget, "unfinished") is None
