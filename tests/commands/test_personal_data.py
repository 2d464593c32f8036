"""`cersbot accounts export USERNAME`: a person gets everything that is kept about them, and nothing of anybody else."""

import json
from typing import Any

from click.testing import CliRunner, Result

from bot.commands.accounts import accounts
from core.database import Database
from core.keys import Keys
from core.migrations import NEWEST
from core.settings import Settings
from tests.asking import MAIL_A_CODE, PERSON, RECOVER
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
    assert person.keys() == {"account", "links", "requests", "letters", "events", "tickets", "chats"}


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
