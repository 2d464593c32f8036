"""`cersbot accounts` as an operator types it: what it does, and what it says of every mistake."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from sqlalchemy import delete, select

from bot.commands.accounts import SENTENCES, accounts
from bot.commands.tickets import tickets
from core import accounts as records
from core.database import Database
from core.letters import Letter, Secret
from core.links import ACTIVATE
from core.tables import Account, Link, Owed
from tests import people
from tests.commands.operators import ANN, BOB, NOW, Operator, rows


def test_a_file_that_is_not_there_is_a_mistake_of_usage(operator: Operator) -> None:
    result = operator.types("import", "nowhere.csv")
    assert result.exit_code == 2
    assert "nowhere.csv" in result.stderr


def test_an_account_is_created_by_answering_questions(operator: Operator) -> None:
    result = operator.types("create", then="anngause\nAnn\nGause\nAnn@example.org\n")
    assert result.exit_code == 0
    assert "Created anngause" in result.output
    assert "2026-12-16 18:00 UTC" in result.output


def test_the_owner_of_a_created_account_is_owed_the_activation_letter(operator: Operator) -> None:
    words = ["--username", "anngause", "--first-name", "Ann", "--last-name", "Gause", "--email", "ann@example.org"]
    assert operator.types("create", *words).exit_code == 0
    with operator.database.transaction() as session:
        letter = Letter.from_payload(session.scalars(select(Owed.payload)).one())
        link = session.scalars(select(Link)).one()
        account = session.scalars(select(Account)).one()
    assert (letter.key, letter.to, letter.account) == ("activation", "ann@example.org", account.id)
    assert letter.secret == Secret(ACTIVATE, link.id)
    assert records.status(account, operator.now) == "awaiting_activation"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (["ann", "Ann", "Gause", "ann@example.org"], "the username has fewer than 5 characters"),
        (["ann gause", "Ann", "Gause", "ann@example.org"], "letters and digits only"),
        (["bobsmith", "Ann", "Gause", "ann@example.org"], "another account has this username"),
        (["anngause", "Ann", "Gause", "BOB@example.org"], "another account has this e-mail address"),
        (["anngause", "Ann", "Gause", "ann"], "the e-mail address is not one"),
        (["anngause", " ", "Gause", "ann@example.org"], "the first name is missing"),
    ],
)
def test_an_account_that_breaks_a_rule_is_not_created(operator: Operator, answers: list[str], said: str) -> None:
    operator.imports(rows(BOB))
    words = ["--username", "--first-name", "--last-name", "--email"]
    result = operator.types("create", *(part for pair in zip(words, answers, strict=True) for part in pair))
    assert result.exit_code == 1
    assert "Nothing was created: " in result.stderr
    assert said in result.stderr
    assert ".." not in result.stderr
    assert operator.count() == 1
    with operator.database.transaction() as session:
        assert session.scalars(select(Owed)).all() == []


@pytest.mark.parametrize("identifier", ["bobsmith", "BobSmith", "Bob@Example.org"])
def test_an_account_is_shown_by_username_or_address(operator: Operator, identifier: str) -> None:
    operator.imports(rows(ANN, BOB))
    result = operator.types("show", identifier)
    assert result.exit_code == 0
    shown = dict(line.split(":", 1) for line in result.output.splitlines())
    assert shown["State"].strip() == "awaiting_activation"
    assert shown["Activation until"].strip() == "2026-12-16 18:00 UTC"
    operator.now += timedelta(days=30)
    assert "lapsed" in operator.types("show", identifier).output


def test_no_command_shows_a_protection_phrase_or_password(operator: Operator) -> None:
    account = people.register(operator.database, NOW, active=True)
    with operator.database.transaction() as session:
        session.merge(account).password_hash = "$argon2id$hash"
    output = operator.types("show", "anngause").output + operator.types("export").output
    assert "anngause" in output
    assert "heron" not in output
    assert "argon2" not in output


def test_an_account_that_is_not_there_is_a_sentence(operator: Operator) -> None:
    result = operator.types("show", "nobody")
    assert result.exit_code == 1
    assert "no account with the username or e-mail address 'nobody'" in result.stderr


@pytest.mark.parametrize("words", [["import", "accounts.csv"], ["show", "anngause"], ["export"]])
def test_a_database_without_tables_is_a_sentence(operator: Operator, words: list[str], tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text(rows(ANN))
    operator.database = Database(f"sqlite:///{tmp_path}/empty.db")
    result = operator.types(*[str(tmp_path / word) if word.endswith(".csv") else word for word in words])
    assert result.exit_code == 1
    assert "run `cersbot migrate` first" in result.stderr


def test_a_database_out_of_reach_is_a_sentence(operator: Operator, tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    operator.database = Database(f"sqlite:///{tmp_path}/folder.db")
    result = operator.types("show", "anngause")
    assert result.exit_code == 1
    assert "The database cannot be used" in result.stderr
    assert "CERSBOT_DATABASE_URL" in result.stderr


def test_every_refusal_has_its_sentence() -> None:
    """Each phrase that the core or the file reader can name stands in SENTENCES, with fields that fill it."""
    refused: list[Callable[[], list[str]]] = [
        lambda: [each.phrase for each in records.username_refusals("é" * 40) + records.username_refusals("")],
        lambda: [each.phrase for each in records.name_refusals("", "\n" * 101, "\n" * 201)],
        lambda: [each.phrase for each in records.name_refusals("\n" * 101, "")],
        lambda: [each.phrase for each in records.email_refusals("x")],
    ]
    phrases = {phrase for found in refused for phrase in found()}
    assert len(phrases) == 12
    assert phrases <= SENTENCES.keys()


@pytest.mark.parametrize(
    ("command", "words"),
    [(accounts, ("show", "anngause")), (accounts, ("export",)), (tickets, ("list",)), (tickets, ("export",))],
)
def test_what_only_reads_waits_for_no_turn_of_the_running_bot(
    operator: Operator, command: click.Group, words: tuple[str, ...]
) -> None:
    operator.imports(rows(ANN))
    running = Database(operator.database.url.render_as_string())
    with running.transaction() as session:
        session.execute(delete(Account))
        result = CliRunner().invoke(command, words, obj=lambda: operator)
    running.close()
    assert result.exit_code == 0, result.output
