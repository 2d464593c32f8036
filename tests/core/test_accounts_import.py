"""Rows of an accounts file: all of them become accounts, or every bad one is named."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from core import accounts
from core.accounts_import import ImportRefused, ImportRow, RowProblem, import_rows
from core.database import Database
from core.tables import Account
from tests.people import register

GOOD = ImportRow(2, "anngause", "Ann", "Example", "ann@example.org", "active")


def imported(database: Database, now: datetime, rows: Sequence[ImportRow]) -> int:
    with database.transaction() as session:
        return import_rows(session, rows, now)


def problems(database: Database, now: datetime, rows: Sequence[ImportRow]) -> list[tuple[int, str]]:
    before = count(database)
    with pytest.raises(ImportRefused) as refused:
        imported(database, now, rows)
    assert count(database) == before
    return [(each.line, each.phrase) for each in refused.value.problems]


def count(database: Database) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(Account)) or 0


def test_each_row_becomes_an_account_in_its_state(database: Database, now: datetime) -> None:
    new = ImportRow(3, "newcomer", "New", "Example", "new@example.org", "awaiting_activation", "2026-11-01", "heron")
    assert imported(database, now, [GOOD, new]) == 2
    with database.transaction() as session:
        found = session.scalars(select(Account).order_by(Account.id)).all()
    assert [accounts.status(account, now) for account in found] == ["active", "awaiting_activation"]
    assert [account.registered_at for account in found] == [now, datetime(2026, 11, 1, tzinfo=UTC)]
    assert [account.protection_phrase for account in found] == [None, "heron"]
    assert all(account.password_hash is None for account in found)


def test_an_old_username_that_is_an_address_is_accepted(database: Database, now: datetime) -> None:
    assert imported(database, now, [replace(GOOD, username="anngause@example.org")]) == 1


@pytest.mark.parametrize(
    ("changes", "phrases"),
    [
        ({"username": "ann"}, ["username_too_short"]),
        ({"username": ""}, ["username_too_short"]),
        ({"username": "ann gause"}, ["username_characters"]),
        ({"username": "ann@gause"}, ["username_characters"]),
        ({"first_name": ""}, ["first_name_missing"]),
        ({"last_name": "Exa\nmple"}, ["last_name_characters"]),
        ({"email": "ann"}, ["email_wrong"]),
        ({"state": "Active"}, ["state_wrong"]),
        ({"state": ""}, ["state_wrong"]),
        ({"registered_at": "11/16/2026"}, ["registered_at_wrong"]),
        ({"registered_at": "2026-11-17"}, ["registered_at_ahead"]),
        ({"username": "ann", "email": "ann", "state": "x"}, ["username_too_short", "email_wrong", "state_wrong"]),
    ],
)
def test_everything_that_is_wrong_with_a_row_is_named(
    database: Database, now: datetime, changes: dict[str, Any], phrases: list[str]
) -> None:
    bad = replace(ImportRow(3, "somebody", "Some", "Body", "some@example.org", "active"), **changes)
    assert problems(database, now, [GOOD, bad]) == [(3, phrase) for phrase in phrases]


def test_what_a_file_says_twice_is_named_where_it_comes_again(database: Database, now: datetime) -> None:
    rows = [
        GOOD,
        replace(GOOD, line=3, username="ANNGAUSE", email="other@example.org"),
        replace(GOOD, line=4, username="somebody", email="Ann@Example.org"),
        replace(GOOD, line=5, username="AnnGause", email="third@example.org"),
    ]
    with pytest.raises(ImportRefused) as refused:
        imported(database, now, rows)
    assert refused.value.problems == (
        RowProblem(3, "username_twice", {"first": 2}),
        RowProblem(4, "email_twice", {"first": 2}),
        RowProblem(5, "username_twice", {"first": 2}),
    )


def test_what_the_database_has_is_named(database: Database, now: datetime) -> None:
    register(database, now, "AnnGause", "taken@example.org", active=True)
    rows = [GOOD, replace(GOOD, line=3, username="somebody", email="TAKEN@example.org")]
    assert problems(database, now, rows) == [(2, "username_taken"), (3, "email_taken")]


def test_an_expired_request_gives_way(database: Database, now: datetime) -> None:
    register(database, now - timedelta(days=30), "anngause")
    assert imported(database, now, [GOOD]) == 1
    assert count(database) == 1


def test_what_was_found_before_counts_as_well(database: Database, now: datetime) -> None:
    with pytest.raises(ImportRefused) as refused, database.transaction() as session:
        import_rows(session, [replace(GOOD, line=9, state="x")], now, found=[RowProblem(4, "row_length")])
    assert [each.line for each in refused.value.problems] == [4, 9]


def test_many_rows_take_few_statements(database: Database, now: datetime) -> None:
    rows = [
        ImportRow(line, f"user{line}", "Ann", "Example", f"user{line}@example.org", "active")
        for line in range(2, 20_002)
    ]
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert imported(database, now, rows) == 20_000
    assert len(statements) < 40
