"""`cersbot staff` and `cersbot tickets` as an operator types them."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from bot.commands.staff import SENTENCES, staff
from bot.commands.tickets import tickets
from core import staff as records
from core import tickets as made
from core.database import Database
from core.keys import Keys
from core.settings import Settings
from tests import people
from tests.chats import CoreChat

NOW = datetime(2026, 11, 16, 18, 0, tzinfo=UTC)


@dataclass
class Operator:
    """Somebody at a terminal, on a service with a database of its own."""

    database: Database
    keys: Keys
    settings: Settings
    now: datetime = NOW

    def clock(self) -> datetime:
        """The time that the test set."""
        return self.now

    def types(self, group: click.Group, *words: str) -> Result:
        """Run a command with these words."""
        return CliRunner().invoke(group, words, obj=lambda: self)


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    database = Database(f"sqlite:///{tmp_path}/desk.db")
    database.migrate()
    yield Operator(database, Keys(people.SECRET), Settings(public_url="https://bot.example.org"))
    database.close()


def test_adding_somebody_prints_a_link_that_sets_their_password(operator: Operator) -> None:
    result = operator.types(staff, "add", "Ana", "--telegram-id", "501")
    assert result.exit_code == 0
    token = re.search(r"https://bot\.example\.org/desk/password/(\S+)", result.output)
    assert token is not None
    with operator.database.transaction() as session:
        member = records.look(session, operator.keys, token[1], NOW)
    assert (member.name, member.role, member.telegram_id) == ("Ana", "admin", 501)


def test_a_role_and_a_telegram_id_are_given_and_changed(operator: Operator) -> None:
    assert "Added Ana (admin)." in operator.types(staff, "add", "Ana").output
    assert "Added Ben (agent)." in operator.types(staff, "add", "Ben").output
    assert "Added Cem (editor)." in operator.types(staff, "add", "Cem", "--role", "editor").output
    assert operator.types(staff, "change", "ben", "--role", "editor").output == "Ben: editor, Telegram id -.\n"
    assert operator.types(staff, "change", "Ben", "--telegram-id", "7").output == "Ben: editor, Telegram id 7.\n"
    assert operator.types(staff, "change", "Ben", "--telegram-id", "0").output == "Ben: editor, Telegram id -.\n"
    assert operator.types(staff, "change", "Ben", "--role", "boss").exit_code == 2


def test_everybody_is_listed_with_their_state(operator: Operator) -> None:
    assert "Nobody works here yet" in operator.types(staff, "list").output
    operator.types(staff, "add", "Ana", "--telegram-id", "501")
    operator.types(staff, "add", "Ben")
    assert "every session of theirs has ended" in operator.types(staff, "disable", "ben").output
    lines = [line.split() for line in operator.types(staff, "list").output.splitlines()]
    assert lines == [["Ana", "admin", "501", "no", "password", "yet"], ["Ben", "agent", "-", "disabled"]]
    assert "/desk/password/" in operator.types(staff, "reset-password", "Ben").output
    assert "disabled" not in operator.types(staff, "list").output
    assert "Whoever was disabled works here again" in operator.types(staff, "reset-password", "--help").output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("add", "Ana"), "staff_name_taken"),
        (("add", "x" * 41), "staff_name_wrong"),
        (("add", "Ben", "--telegram-id", "501"), "staff_telegram_taken"),
        (("change", "Nobody"), "staff_unknown"),
        (("disable", "Nobody"), "staff_unknown"),
        (("reset-password", "Nobody"), "staff_unknown"),
    ],
)
def test_every_mistake_is_named(operator: Operator, words: tuple[str, ...], sentence: str) -> None:
    operator.types(staff, "add", "Ana", "--telegram-id", "501")
    result = operator.types(staff, *words)
    assert result.exit_code == 1
    assert SENTENCES[sentence].partition("{")[0] in result.output


def opened(operator: Operator, happened: str) -> int:
    return CoreChat(operator.database, operator.keys, NOW).does(made.open_ticket, happened, "spam folder")


def test_tickets_are_listed_searched_and_shown(operator: Operator) -> None:
    first, second = opened(operator, "The portal shows error 503"), opened(operator, "Nothing came by mail")
    assert operator.types(tickets, "list").output.count("new") == 2
    found = operator.types(tickets, "list", "--search", "port err").output
    assert str(first) in found
    assert str(second) not in found
    assert "no such ticket" in operator.types(tickets, "list", "--search", "umbrella").output
    assert "no such ticket" in operator.types(tickets, "list", "--late").output
    shown = operator.types(tickets, "show", str(second)).output
    assert "Nothing came by mail" in shown
    assert "opened" in shown
    assert operator.types(tickets, "show", "5").exit_code == 1


def test_where_no_ticket_was_ever_opened_the_list_says_so(operator: Operator) -> None:
    assert operator.types(tickets, "list").output == "There are no tickets.\n"


def test_no_cell_of_the_export_is_a_formula(operator: Operator) -> None:
    opened(operator, '=HYPERLINK("http://example.org")')
    opened(operator, '+1 "quoted"\nand a second line')
    rows = list(csv.DictReader(io.StringIO(operator.types(tickets, "export").output)))
    assert [row["number"] for row in rows] == ["1001", "1002"]
    assert all(not row["happened"].startswith(("=", "+", "-", "@")) for row in rows)
    assert rows[1]["happened"] == '\'+1 "quoted"\nand a second line'
