"""Accounts: who may register (000, 002), until when they can be activated (001), and how they are found (004)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core import accounts
from core.accounts_import import ImportRow, import_rows
from core.database import Database
from core.refusals import AccountRefused
from core.tables import Account, AuditEvent
from tests.people import kept, register

ANN = {"username": "anngause", "first_name": "Ann", "last_name": "Example", "email": "ann@example.org"}
DAY = timedelta(days=1)


def refusal(database: Database, now: datetime, **changes: Any) -> str:
    with pytest.raises(AccountRefused) as refused, database.transaction() as session:
        accounts.register(session, now, **{**ANN, **changes})
    with database.transaction() as session:
        assert session.scalars(select(Account.username).where(Account.registered_at == now)).all() == []
    return refused.value.phrase


@pytest.mark.parametrize("username", ["ann12", "AnnGause12345678", "12345"])
def test_a_username_of_5_to_16_letters_and_digits_is_accepted(database: Database, now: datetime, username: str) -> None:
    assert register(database, now, username).username == username


@pytest.mark.parametrize(
    ("changes", "phrase"),
    [
        ({"username": "ann1"}, "username_too_short"),
        ({"username": ""}, "username_too_short"),
        ({"username": "AnnGause123456789"}, "username_too_long"),
        ({"username": "ann gause"}, "username_characters"),
        ({"username": "ann_gause"}, "username_characters"),
        ({"username": "anngausé"}, "username_characters"),
        ({"username": "annga٣se"}, "username_characters"),
        ({"username": "anngause\n"}, "username_characters"),
        ({"first_name": " "}, "first_name_missing"),
        ({"last_name": ""}, "last_name_missing"),
        ({"first_name": "A" * 101}, "first_name_too_long"),
        ({"last_name": "Example\r\nBcc: bob@example.org"}, "last_name_characters"),
        ({"protection_phrase": "blue\u2028heron"}, "protection_phrase_characters"),
        ({"email": "ann"}, "email_wrong"),
    ],
)
def test_each_broken_rule_is_refused_by_its_name(
    database: Database, now: datetime, changes: dict[str, str], phrase: str
) -> None:
    assert refusal(database, now, **changes) == phrase


def test_a_username_is_taken_whatever_its_case(database: Database, now: datetime) -> None:
    register(database, now - DAY, "AnnGause", "first@example.org")
    assert refusal(database, now, username="anngausE") == "username_taken"


def test_there_is_one_account_for_an_address_however_it_is_typed(database: Database, now: datetime) -> None:
    register(database, now - DAY, "somebody", "ann@example.org")
    assert refusal(database, now, email=" ANN@Example.org") == "email_taken"


def test_an_expired_request_gives_its_username_and_address_free(database: Database, now: datetime) -> None:
    register(database, now - 30 * DAY, "anngause", "other@example.org")
    register(database, now - 31 * DAY, "somebody", "ann@example.org")
    register(database, now, "anngause", "ann@example.org")
    with database.transaction() as session:
        assert session.scalars(select(Account.registered_at)).all() == [now]


def test_an_active_account_keeps_its_username_for_good(database: Database, now: datetime) -> None:
    register(database, now - 400 * DAY, active=True)
    assert refusal(database, now) == "username_taken"


def test_of_eight_who_want_one_username_at_once_one_gets_it(database: Database, now: datetime) -> None:
    def attempt(number: int) -> str:
        try:
            register(database, now, "anngause", f"ann{number}@example.org")
        except AccountRefused as refused:
            return refused.phrase
        return "registered"

    with ThreadPoolExecutor(8) as threads:
        outcomes = sorted(threads.map(attempt, range(8)))
    assert outcomes == ["registered", *["username_taken"] * 7]


def test_an_account_can_be_activated_for_thirty_days(database: Database, now: datetime) -> None:
    account = register(database, now)
    assert accounts.activation_deadline(account) == now + 30 * DAY
    assert accounts.status(account, now + 30 * DAY - timedelta(microseconds=1)) == "awaiting_activation"
    assert accounts.status(account, now + 30 * DAY) == "lapsed"


def test_an_account_is_activated_once(database: Database, now: datetime) -> None:
    account = register(database, now)
    with database.transaction() as session:
        assert accounts.activate(session, session.get_one(Account, account.id), now + DAY)
    with database.transaction() as session:
        assert not accounts.activate(session, session.get_one(Account, account.id), now + 2 * DAY)
    account = kept(database, account)
    assert (accounts.status(account, now + 400 * DAY), account.activated_at) == ("active", now + DAY)


def test_a_lapsed_account_cannot_be_activated(database: Database, now: datetime) -> None:
    account = register(database, now)
    with database.transaction() as session:
        assert not accounts.activate(session, session.get_one(Account, account.id), now + 30 * DAY)
    assert kept(database, account).state == "awaiting_activation"


@pytest.mark.parametrize("typed", ["anngause", "ANNGAUSE ", "ann@example.org", " Ann@Example.ORG"])
def test_an_account_is_found_by_username_or_address(database: Database, now: datetime, typed: str) -> None:
    account = register(database, now, "anngause", "ann@example.org")
    with database.transaction() as session:
        found = accounts.find(session, typed)
    assert found is not None
    assert found.id == account.id


@pytest.mark.parametrize("typed", ["", "nobody", "nobody@example.org", "anngaus", "%", "x" * 100_000, "\x00", "\ud800"])
def test_what_names_no_account_finds_none(database: Database, now: datetime, typed: str) -> None:
    register(database, now, "anngause", "ann@example.org")
    with database.transaction() as session:
        assert accounts.find(session, typed) is None


def test_where_an_address_is_also_an_old_username_the_address_decides(database: Database, now: datetime) -> None:
    row = ImportRow(2, "ann@example.org", "Old", "Example", "old@example.org", "active")
    with database.transaction() as session:
        import_rows(session, [row], now)
    register(database, now, "anngause", "ann@example.org")
    with database.transaction() as session:
        by_address, by_username = accounts.find(session, "ann@example.org"), accounts.find(session, "old@example.org")
    assert by_address is not None
    assert by_username is not None
    assert (by_address.username, by_username.username) == ("anngause", "ann@example.org")


@pytest.mark.parametrize(
    ("name", "linked"),
    [
        *(
            (name, False)
            for name in ("St.John", "Ma.del Carmen", "J.R.", "Lee Jr.", "O'Brien-Smith", "@SUM(A1)", "Núñez")
        ),
        *(
            (name, True)
            for name in ("EXAMPLE.ORG", "Shop.Example", "t.co/x", "WWW.a", "магазин.рф", "a@b", "x://y", "<b>")
        ),
        ("ｅｘａｍｐｌｅ．ｏｒｇ", True),
    ],
)
def test_a_name_is_no_link_of_a_mail_program(name: str, *, linked: bool) -> None:
    assert accounts.is_linked(name) is linked


def test_the_audit_tells_what_happened_and_names_nobody(database: Database, now: datetime) -> None:
    account = register(database, now, active=True)
    with database.transaction() as session:
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [(event.event, event.account_id) for event in events] == [
        ("account.registered", account.id),
        ("account.activated", account.id),
    ]
    assert all("ann" not in str(event.detail) for event in events)
