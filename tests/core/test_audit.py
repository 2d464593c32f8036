"""The audit trail refuses whatever could name a person or hold a secret, and the database what would rewrite it."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Executable, delete, select, text, update
from sqlalchemy.exc import DBAPIError

from core import audit, rules
from core.database import Database
from core.tables import AuditEvent
from core.tables.append_only import POSTGRESQL, SQLITE


def test_a_word_of_the_code_and_a_number_are_recorded(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        audit.record(session, audit.Event.LINK_USED, now=now, account_id=7, purpose="reset", link=12)
    with database.transaction() as session:
        event = session.scalars(select(AuditEvent)).one()
    assert (event.at, event.event, event.account_id) == (now, "link.used", 7)
    assert event.detail == {"purpose": "reset", "link": 12}


@pytest.mark.parametrize("value", ["ann@example.org", "Ann Example", "12-Zm9vYmFy", "", "line\nbreak", "x" * 49])
def test_an_identifier_or_a_secret_is_never_recorded(database: Database, now: datetime, value: str) -> None:
    with pytest.raises(ValueError, match="detail"), database.transaction() as session:
        audit.record(session, audit.Event.LINK_USED, now=now, detail=value)


def added(database: Database, at: datetime) -> None:
    with database.transaction() as session:
        audit.record(session, audit.Event.LINK_USED, now=at, purpose="reset")


def refused(database: Database, statement: Executable) -> str:
    """Return why the database refuses the statement; empty when it does it."""
    try:
        with database.transaction() as session:
            session.execute(statement)
    except DBAPIError as error:
        return str(error.orig)
    return ""


def kept(database: Database) -> list[datetime]:
    with database.transaction() as session:
        return list(session.scalars(select(AuditEvent.at).order_by(AuditEvent.at)))


def test_the_database_refuses_to_change_the_audit_and_to_delete_of_it(database: Database, now: datetime) -> None:
    added(database, now)
    changes: list[Executable] = [
        update(AuditEvent).values(event="nothing.happened"),
        update(AuditEvent).values(detail={}),
        text("UPDATE audit SET at = at"),
    ]
    for change in changes:
        assert "only added to" in refused(database, change)
    assert "kept for a year" in refused(database, delete(AuditEvent))
    if database.url.get_backend_name() == "postgresql":
        assert "only added to" in refused(database, text("TRUNCATE audit"))
    assert kept(database) == [now]


def test_what_is_a_year_older_than_the_newest_row_may_be_deleted_and_nothing_else(
    database: Database, now: datetime
) -> None:
    year = timedelta(days=rules.AUDIT_DAYS)
    second = timedelta(seconds=1)
    for at in (now, now + second, now + 2 * second, now + year + second):
        added(database, at)
    assert "kept for a year" in refused(database, delete(AuditEvent))
    assert "kept for a year" in refused(database, delete(AuditEvent).where(AuditEvent.at == now + 2 * second))
    assert len(kept(database)) == 4, "of a statement that is refused nothing is done"
    assert refused(database, delete(AuditEvent).where(AuditEvent.at <= now + second)) == ""
    assert kept(database) == [now + 2 * second, now + year + second]


def test_the_database_keeps_the_audit_as_long_as_the_rules_say() -> None:
    for statements in (SQLITE, POSTGRESQL):
        assert f"{rules.AUDIT_DAYS} days'" in "".join(statements)
