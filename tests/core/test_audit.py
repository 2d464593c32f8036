"""The audit trail refuses whatever could name a person or hold a secret, and the database what would rewrite it."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Executable, delete, select, text, update
from sqlalchemy.exc import DBAPIError

from core import audit, rules
from core.database import Database
from core.tables import AuditEvent


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


def purged(database: Database, at: datetime, **detail: int) -> None:
    with database.transaction() as session:
        audit.record(session, audit.Event.AUDIT_PURGED, now=at, **detail)


def test_the_database_refuses_to_change_the_audit_and_to_delete_of_it(database: Database, now: datetime) -> None:
    added(database, now)
    changes: list[Executable] = [
        update(AuditEvent).values(event="nothing.happened"),
        update(AuditEvent).values(detail={}),
        text("UPDATE audit SET at = at"),
    ]
    for change in changes:
        assert "only added to" in refused(database, change)
    assert "kept until" in refused(database, delete(AuditEvent))
    if database.url.get_backend_name() == "postgresql":
        assert "only added to" in refused(database, text("TRUNCATE audit"))
    assert kept(database) == [now]


@pytest.mark.parametrize("days", [rules.AUDIT_DAYS, 90])
def test_what_is_older_than_the_purge_keeps_may_be_deleted_and_nothing_else(
    database: Database, now: datetime, days: int
) -> None:
    second, purge = timedelta(seconds=1), now + timedelta(days=days) + timedelta(seconds=1)
    for at in (now, now + second, now + 2 * second):
        added(database, at)
    assert "kept until" in refused(database, delete(AuditEvent).where(AuditEvent.at == now)), "nothing was purged yet"
    purged(database, purge, days=days, rows=2)
    assert "kept until" in refused(database, delete(AuditEvent))
    assert "kept until" in refused(database, delete(AuditEvent).where(AuditEvent.at == now + 2 * second))
    assert len(kept(database)) == 4, "of a statement that is refused nothing is done"
    assert refused(database, delete(AuditEvent).where(AuditEvent.at <= now + second)) == ""
    assert kept(database) == [now + 2 * second, purge]
    assert "kept until" in refused(database, delete(AuditEvent).where(AuditEvent.at == purge)), "what tells of it stays"


@pytest.mark.parametrize("detail", [{}, {"days": 0}, {"days": -5}])
def test_a_purge_that_names_no_days_deletes_nothing_of_today(
    database: Database, now: datetime, detail: dict[str, int]
) -> None:
    added(database, now)
    purged(database, now + timedelta(hours=23), **detail)
    assert "kept until" in refused(database, delete(AuditEvent).where(AuditEvent.at == now))
