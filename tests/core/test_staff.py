"""Staff and their sessions: links that set a password once, sessions that are renewed, and nobody locked out."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from core import passwords, staff, staff_sessions
from core.database import Database
from core.keys import Keys
from core.refusals import StaffRefused
from core.roles import Duty
from core.tables import AuditEvent, Staff, StaffSession

PASSWORD = "nine green bottles on a wall"


@pytest.fixture(scope="module")
def hashed() -> str:
    return passwords.hashed(PASSWORD)


@pytest.fixture
def ana(database: Database, now: datetime) -> staff.Member:
    with database.transaction() as session:
        return staff.add(session, now, "Ana", 501)


def refusal(database: Database, now: datetime, name: str, telegram: int | None = None) -> str:
    with pytest.raises(StaffRefused) as refused, database.transaction() as session:
        staff.add(session, now, name, telegram)
    return refused.value.phrase


def test_a_name_and_a_telegram_id_are_one_persons(database: Database, now: datetime, ana: staff.Member) -> None:
    assert refusal(database, now, " ANA ") == "staff_name_taken"
    assert refusal(database, now, "Ben", telegram=501) == "staff_telegram_taken"
    assert refusal(database, now, "") == "staff_name_wrong"
    assert refusal(database, now, "x" * 41) == "staff_name_wrong"
    with database.transaction() as session:
        assert staff.by_telegram(session, 501) == ana
        assert staff.by_telegram(session, 777) is None


def test_the_first_is_an_admin_and_others_are_agents_unless_said_otherwise(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        roles = [staff.add(session, now, name).role for name in ("Ana", "Ben", "Cem")]
        assert [*roles, staff.add(session, now, "Dora", role="editor").role] == ["admin", "agent", "agent", "editor"]


@pytest.mark.parametrize(
    ("role", "duties"),
    [
        ("agent", {Duty.WORK_TICKETS, Duty.RECOVER_MAILBOXES}),
        ("editor", {Duty.WORK_TICKETS, Duty.RECOVER_MAILBOXES, Duty.EDIT_KNOWLEDGE}),
        ("admin", set(Duty)),
        ("boss", set()),
    ],
)
def test_a_role_has_its_duties_and_nobody_disabled_has_any(role: str, duties: set[Duty]) -> None:
    member = staff.Member(1, "Ana", role)
    assert {duty for duty in Duty if staff.may(member, duty)} == duties
    assert not any(staff.may(replace(member, disabled=True), duty) for duty in Duty)


def test_an_admin_changes_others_and_never_themselves(database: Database, now: datetime, ana: staff.Member) -> None:
    def phrase(name: str, role: str, telegram_id: int | None = None) -> str:
        with pytest.raises(StaffRefused) as refused, database.transaction() as session:
            staff.change(session, now, name, role, telegram_id, by=ana.id)
        return refused.value.phrase

    with database.transaction() as session:
        staff.add(session, now, "Ben", 502)
        changed = staff.change(session, now, "ben", "editor", 503, by=ana.id)
        assert (changed.role, changed.telegram_id) == ("editor", 503)
        staff.change(session, now, "ben", "editor", 503, by=ana.id)
    assert phrase("Ana", "agent", 501) == "staff_not_yourself"
    assert phrase("Ben", "boss", 503) == "staff_role_unknown"
    assert phrase("Ben", "editor", 501) == "staff_telegram_taken"
    assert phrase("Nobody", "agent") == "staff_unknown"
    with pytest.raises(StaffRefused), database.transaction() as session:
        staff.disable(session, now, "Ana", by=ana.id)
    with database.transaction() as session:
        events = [(each.event, each.detail) for each in session.scalars(select(AuditEvent))]
    assert events[-1] == ("staff.changed", {"staff": 2, "role": "editor", "by": ana.id})
    assert [event for event, _ in events].count("staff.changed") == 1


def test_a_password_remembers_through_whose_hands_its_link_went(
    database: Database, keys: Keys, now: datetime, ana: staff.Member, hashed: str
) -> None:
    def sets(name: str, by: int | None) -> list[int]:
        with database.transaction() as session:
            staff.set_password(session, keys, staff.password_link(session, keys, now, name, by), hashed, now)
        with database.transaction() as session:
            return session.scalars(select(Staff.hands).where(Staff.name == name)).one()

    with database.transaction() as session:
        ben, cem = staff.add(session, now, "Ben", by=ana.id), staff.add(session, now, "Cem", by=ana.id)
    assert sets("Ana", None) == []
    assert sets("Ben", ana.id) == [ana.id]
    assert sets("Cem", ben.id) == [ana.id, ben.id]
    with database.transaction() as session:
        staff.password_link(session, keys, now, "Cem")
        assert session.get_one(Staff, cem.id).hands == [ana.id, ben.id], "a link that nobody has used changes nothing"
    assert sets("Cem", None) == []


def test_a_link_sets_a_password_once_within_a_day(
    database: Database, keys: Keys, now: datetime, ana: staff.Member, hashed: str
) -> None:
    with database.transaction() as session:
        token = staff.password_link(session, keys, now, "ana")
    with database.transaction() as session:
        assert staff.look(session, keys, token, now + timedelta(hours=23)) == ana
        with pytest.raises(StaffRefused):
            staff.look(session, keys, token, now + timedelta(hours=24))
        with pytest.raises(StaffRefused):
            staff.look(session, keys, token[:-1] + ("A" if token[-1] != "A" else "B"), now)
        with pytest.raises(StaffRefused):
            staff.look(session, keys, "1-", now)
    with database.transaction() as session:
        staff.set_password(session, keys, token, hashed, now)
    with database.transaction() as session:
        found = staff.password_hash(session, "ANA")
        assert found is not None
        assert passwords.matches(found[1], PASSWORD)
        with pytest.raises(StaffRefused):
            staff.set_password(session, keys, token, hashed, now)


def test_a_newer_link_ends_the_older_one(database: Database, keys: Keys, now: datetime, ana: staff.Member) -> None:
    with database.transaction() as session:
        first = staff.password_link(session, keys, now, "Ana")
        second = staff.password_link(session, keys, now + timedelta(seconds=1), "Ana")
        staff.look(session, keys, second, now)
        with pytest.raises(StaffRefused):
            staff.look(session, keys, first, now)


@pytest.mark.parametrize(
    ("password", "phrase"),
    [
        ("short one", "staff_password_short"),
        ("x" * 129, "staff_password_long"),
        ("a" * 20, "staff_password_simple"),
        ("AnaAnaAnaAnaAna", "staff_password_simple"),
    ],
)
def test_a_password_of_staff_is_long_and_not_their_name(password: str, phrase: str) -> None:
    refused = staff.refused_password(password, "Ana")
    assert refused is not None
    assert refused.phrase == phrase
    assert staff.refused_password(PASSWORD, "Ana") is None


def test_a_session_is_renewed_and_its_older_token_ends(
    database: Database, keys: Keys, now: datetime, ana: staff.Member
) -> None:
    def signed_in(token: str, after: timedelta) -> staff_sessions.SignedIn | None:
        with database.transaction() as session:
            return staff_sessions.resume(session, keys, token, now + after)

    with database.transaction() as session:
        token = staff_sessions.begin(session, ana.id, now)
        assert token not in str(session.scalars(select(StaffSession.token_hash)).all())
    first = signed_in(token, timedelta(minutes=1))
    assert first is not None
    assert first.member.name == "Ana"
    assert first.token is None
    second = signed_in(token, timedelta(minutes=16))
    assert second is not None
    assert second.token is not None
    assert second.csrf == first.csrf
    assert signed_in(token, timedelta(minutes=16, seconds=30)) is not None
    assert signed_in(token, timedelta(minutes=18)) is None
    assert signed_in(second.token, timedelta(minutes=18)) is None, "a token that was copied ends the whole session"


def test_a_session_ends_by_silence_by_time_and_with_the_work(
    database: Database, keys: Keys, now: datetime, ana: staff.Member
) -> None:
    def begun() -> str:
        with database.transaction() as session:
            return staff_sessions.begin(session, ana.id, now)

    def works(token: str, after: timedelta) -> str | None:
        with database.transaction() as session:
            found = staff_sessions.resume(session, keys, token, now + after)
        return None if found is None else found.token or token

    assert works(begun(), timedelta(minutes=61)) is None
    token: str | None = begun()
    for quarter in range(1, 49):
        assert token is not None, f"ended after {quarter} quarters of an hour"
        token = works(token, timedelta(minutes=15 * quarter))
    assert token is None, "twelve hours are the end, however busy"
    token = begun()
    with database.transaction() as session:
        staff.disable(session, now, "Ana")
    assert works(token, timedelta()) is None


def test_nobody_disabled_is_staff_until_given_a_new_link(
    database: Database, keys: Keys, now: datetime, ana: staff.Member
) -> None:
    with database.transaction() as session:
        staff.disable(session, now, "Ana")
        assert staff.by_id(session, ana.id) is None
        assert staff.by_telegram(session, 501) is None
        assert staff.password_hash(session, "Ana") is None
        with pytest.raises(StaffRefused):
            staff.disable(session, now, "Nobody")
        staff.password_link(session, keys, now, "Ana")
        assert staff.by_id(session, ana.id) is not None
        staff.password_link(session, keys, now, "Ana")
        events = [each.event for each in session.scalars(select(AuditEvent))]
        assert [event for event in events if event != "staff.link_given"] == [
            "staff.added",
            "staff.disabled",
            "staff.enabled",
        ]
        assert events.count("staff.link_given") == 2
        assert session.scalars(select(Staff.password_hash)).all() == [None]
