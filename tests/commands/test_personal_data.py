"""`cersbot accounts export USERNAME`: a person gets everything that is kept about them, and nothing of anybody else."""

import json
from typing import Any

from click.testing import CliRunner, Result

from bot.commands.accounts import accounts
from core import account_sessions, tickets
from core.database import Database
from core.keys import Keys
from core.migrations import NEWEST
from core.office_days import STATE_OFFICES
from core.settings import Settings
from core.tables import AccountSession
from tests.asking import MAIL_A_CODE, PERSON, RECOVER
from tests.core.desks import CLAIM, DAY, Desks
from tests.desk.office import Office
from tests.world import Characters, Chat, MailedCode, World, converse


def export(world: World, identifier: str) -> Result:
    """Run the command over the world's database."""
    with world.database().engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS alembic_version (version_num TEXT)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (NEWEST,))

    class Core:
        database: Database = world.database()
        keys: Keys = world.keys
        settings = Settings()
        clock = world.clock

    return CliRunner().invoke(accounts, ["export", identifier], obj=Core)


def told(world: World, identifier: str = "danalee1") -> dict[str, Any]:
    """Return what is told of a person."""
    result = export(world, identifier)
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


async def test_account_requests_events_chats_and_tickets_of_a_person_are_told(world: World, chat: Chat) -> None:
    await converse(chat, [*RECOVER, (MAIL_A_CODE, "8 digits"), (MailedCode(), "is on its way")])
    await converse(chat, [*PERSON, ("send it", "A person answers by")])
    office = Office(world)
    office.writes(office.hire("Ana"), 1001, "Which page says no?")
    office.database.close()
    person = told(world)
    assert person == told(world, "DANA@example.org")
    assert person["account"]["username"] == "danalee1"
    assert [each["kind"] for each in person["requests"]] == ["send_code", "recover_username"]
    assert "request.resolved" in [each["event"] for each in person["events"]]
    (ticket,) = person["tickets"]
    assert (ticket["number"], ticket["happened"]) == (1001, "It says no")
    assert "Which page says no?" in [line["text"] for line in ticket["history"]]
    (spoken,) = person["chats"]
    assert "It says no" in [line["text"] for line in spoken["said"]]
    kept = {"account", "links", "sessions", "requests", "letters", "events", "lost_mailboxes", "tickets", "chats"}
    assert person.keys() == kept


def test_a_lost_mailbox_that_was_replaced_is_told_with_its_ticket_and_letters(world: World) -> None:
    desks = Desks(world.home, world.keys, world.now)
    assert (desks.opens(), desks.approves()) == ("", "")
    desks.delivers()
    assert desks.proves()
    desks.now += DAY
    assert desks.works() == ["done"]
    person = told(world, "anngause")
    (case,) = person["lost_mailboxes"]
    assert (case["old_email"], case["new_email"], case["state"]) == ("anngause@example.org", CLAIM.email, "done")
    assert (case["reason"], case["evidence"], case["checked"]) == (CLAIM.reason, CLAIM.evidence, CLAIM.checked)
    moments = [case[name] for name in ("opened_at", "approved_at", "noticed_at", "proved_at", "ended_at")]
    assert moments == [world.now.isoformat()] * 4 + [desks.now.isoformat()]
    assert (case["ticket"]["number"], [each["happened"] for each in person["tickets"]]) == (1001, ["No mail"])
    assert [(each["letter"], each["settled_at"], each["outcome"]) for each in person["letters"]] == [
        ("lost_mailbox_notice", world.now.isoformat(), "sent"),
        ("lost_mailbox_proof", world.now.isoformat(), "sent"),
        ("mailbox_changed", None, None),
        ("mailbox_is_yours", None, None),
    ]
    assert told(world)["lost_mailboxes"] == told(world)["letters"] == told(world)["tickets"] == []


def test_of_a_case_that_the_owner_stopped_the_ticket_is_named_and_what_was_said_in_it_is_not(world: World) -> None:
    desks = Desks(world.home, world.keys, world.now)
    assert (desks.opens(), desks.approves(), desks.stops()) == ("", "", "stopped")
    person = told(world, "anngause")
    (case,) = person["lost_mailboxes"]
    assert (case["state"], case["ticket"]["number"], person["tickets"]) == ("stopped", 1001, [])
    assert "No mail" not in json.dumps(person)


def test_a_reply_that_left_as_a_letter_is_told_and_a_later_letter_with_its_number_is_not(world: World) -> None:
    desks, office = Desks(world.home, world.keys, world.now), Office(world)
    with world.home.transaction() as session:
        tickets.open_for_service(session, "A letter came back", desks.account.id, "en", world.now, STATE_OFFICES)
    office.writes(office.hire("Dov"), 1002, "Please try again")
    assert (desks.opens(), desks.approves()) == ("", "")
    desks.delivers("refused: 550 <anngause@example.org> is gone")
    with world.home.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE outbox SET created_at = '2026-01-01 00:00:00' WHERE id = 3")
    person = told(world, "anngause")
    assert [(each["letter"], each["outcome"]) for each in person["letters"]] == [
        ("staff_reply", "refused"),
        ("lost_mailbox_notice", "refused"),
    ]


def test_of_sessions_the_moments_are_told_and_no_token_and_no_digest(world: World) -> None:
    desks = Desks(world.home, world.keys, world.now)
    with world.home.transaction() as session:
        token = account_sessions.begin(session, desks.account, world.now)
    person = told(world, "anngause")
    assert person["sessions"] == [dict.fromkeys(("created_at", "rotated_at", "seen_at"), world.now.isoformat())]
    assert token not in json.dumps(person)
    assert world.rows(AccountSession)[0].token_hash not in json.dumps(person)
    assert told(world)["sessions"] == []


async def test_what_a_stranger_said_about_the_account_is_the_strangers(world: World) -> None:
    await converse(Chat(world, "stranger"), [*RECOVER, (Characters(), "is on its way"), ("Dana is my rival", "")])
    person = told(world)
    assert (person["chats"], person["tickets"]) == ([], [])
    assert "rival" not in json.dumps(person)


async def test_no_secret_and_nobody_else_stands_in_it(world: World, chat: Chat) -> None:
    await converse(chat, [*RECOVER, (MAIL_A_CODE, "8 digits"), (MailedCode(), "is on its way")])
    told_in_full = json.dumps(told(world))
    assert "argon2" not in told_in_full
    assert "a phrase" not in told_in_full
    assert '"protection_phrase": "set"' in told_in_full
    assert "omar" not in told_in_full


def test_who_has_no_account_is_said_to_have_none(world: World) -> None:
    result = export(world, "nobody7")
    assert (result.exit_code, "There is no account" in result.output) == (1, True)
