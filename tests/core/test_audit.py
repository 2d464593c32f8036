"""The audit trail refuses whatever could name a person or hold a secret."""

from datetime import datetime

import pytest
from sqlalchemy import select

from core import audit
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
