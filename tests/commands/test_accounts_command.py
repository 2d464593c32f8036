"""`cersbot accounts` as an operator types it: what it does, and what it says of every mistake."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, func, select

from bot.commands.accounts import SENTENCES, accounts
from bot.commands.tickets import tickets
from core import accounts as records
from core.database import Database
from core.keys import Keys
from core.letters import Letter, Secret
from core.links import ACTIVATE
from core.settings import Settings
from core.tables import Account, Link, Owed
from tests import people

HEADER = "username,first_name,last_name,email,state"
ANN = "anngause,Ann,Gause,ann@example.org,active"
BOB = "bobsmith,Bob,Smith,bob@example.org,awaiting_activation"
NOW = datetime(2026, 11, 16, 18, 0, tzinfo=UTC)


@dataclass
class Operator:
    """Somebody at a terminal, on a service with a database of its own."""

    database: Database
    folder: Path
    keys: Keys
    settings: Settings
    now: datetime = NOW

    def clock(self) -> datetime:
        """The time that the test set."""
        return self.now

    def types(self, *words: str, then: str = "") -> Result:
        """Run the command with these words, and answer its questions with `then`."""
        return CliRunner().invoke(accounts, words, obj=lambda: self, input=then)

    def imports(self, content: str | bytes) -> Result:
        """Import a file with this content."""
        file = self.folder / "accounts.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.types("import", str(file))

    def count(self) -> int:
        """Return how many accounts there are."""
        with self.database.transaction() as session:
            return session.scalar(select(func.count()).select_from(Account)) or 0


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    """Yield an operator."""
    database = Database(f"sqlite:///{tmp_path}/commands.db")
    database.migrate()
    yield Operator(database, tmp_path, Keys(people.SECRET), Settings())
    database.close()


def rows(*lines: str, end: str = "\n") -> str:
    return end.join([HEADER, *lines, ""])


def test_a_good_file_is_imported_whole(operator: Operator) -> None:
    result = operator.imports(rows(ANN, BOB))
    assert (result.exit_code, result.output) == (0, "Imported 2 accounts.\n")
    assert operator.count() == 2


@pytest.mark.parametrize(
    "content",
    [
        rows(ANN, end="\r\n"),
        f"\ufeff{rows(ANN)}",
        rows(ANN).rstrip(),
        rows("", ANN, ""),
        "state,email,last_name,first_name,username\nactive,ann@example.org,Gause,Ann,anngause\n",
        f'"username",First_Name , last_name,email,STATE\n{ANN}\n',
        rows('anngause,"Ann","Gause, Jr.",ann@example.org,active'),
        rows("anngause,Ánn,Gäuse,ann@example.org,active"),
        rows("anngause@example.org,Ann,Gause,ann@example.org,active"),
        f"{HEADER},registered_at,protection_phrase\n{ANN},2026-11-01,blue heron\n",
    ],
)
def test_what_spreadsheets_write_is_understood(operator: Operator, content: str) -> None:
    result = operator.imports(content)
    assert (result.exit_code, result.output) == (0, "Imported 1 account.\n")


def test_a_column_that_nothing_reads_is_named(operator: Operator) -> None:
    result = operator.imports(f"{HEADER},password\n{ANN},Secret123\n")
    assert (result.exit_code, result.stdout) == (0, "Imported 1 account.\n")
    assert result.stderr == "The column password is not known here and was not read.\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", ["line 1: the file is empty"]),
        (" \n\n", ["line 1: the file is empty"]),
        (rows(ANN).replace(",", ";"), ["line 1: the columns are separated by semicolons"]),
        (rows(ANN).replace(",", "\t"), ["line 1: the columns are separated by tabs"]),
        (rows(ANN).encode("utf-16"), ["line 1: the file is UTF-16"]),
        (f"username,email\n{ANN}\n", ["line 1: the column first_name is", "line 1: the column state is missing"]),
        (f"{HEADER},email\n{ANN},x\n", ["line 1: the column email is there twice"]),
        (f"{ANN}\n{BOB}\n", ["line 1: the column username is missing"]),
        (rows("änngause,Ann,Gause,a@example.org,active", BOB, "x,Ä,X,x,x").encode("cp1252"),
         ["line 2: the byte 0xe4 is not UTF-8", "line 4: the byte 0xc4 is not UTF-8"]),
        (rows(ANN, "bobsmith,Bob"), ["line 3: the row has 2 cells where the first line has 5"]),
        (rows(ANN, f"{BOB},"), ["line 3: the row has 6 cells"]),
        (rows(ANN, 'bob,"Bob'), ["line 3: the quotation marks of this row do not match"]),
        (rows(ANN, '"bob"by,Bob,Smith,bob@example.org,active'), ["line 3: the quotation marks"]),
        (rows(ANN, BOB.replace("awaiting_activation", "waiting")), ['line 3: the state is "waiting"']),
        (rows(ANN, BOB.replace("@", " at ")), ["line 3: the e-mail address is not one"]),
        (rows(ANN, "", ANN), ["line 4: line 2 has the same username", "line 4: line 2 has the same e-mail address"]),
        (rows('anngause,"Ann\nMarie",Gause,ann@example.org,active', "x,Bob,Smith,bob@example.org,active"),
         ["line 2: the first name holds a line break", "line 4: the username has fewer than 5"]),
        (rows("a,b", 'bobsmith,"Bob', "Bobby\",Smith,bob,active", "c"),
         ["line 2: the row has", "line 3: the first name", "line 3: the e-mail", "line 5: the row has"]),
        (f"{HEADER},registered_at\n{ANN},tomorrow\n", ['line 2: registered_at is "tomorrow"']),
        (rows("anngause,Ann\x00,Gause,ann@example.org,active"), ["line 2: the first name holds"]),
        (rows(f"anngause,{'A' * 200_000},Gause,ann@example.org,active"), ["line 2: the quotation marks"]),
    ],
)  # fmt: skip
def test_of_a_bad_file_nothing_is_imported_and_every_bad_row_is_named(
    operator: Operator, content: str | bytes, said: list[str]
) -> None:
    result = operator.imports(content)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "Nothing was imported" in result.stderr
    assert all(sentence in result.stderr for sentence in said), result.stderr
    assert operator.count() == 0


def test_nothing_more_than_the_bad_rows_is_named(operator: Operator) -> None:
    result = operator.imports(rows(ANN, BOB.replace("awaiting_activation", "x"), BOB.replace("bob", "rob")))
    assert len(result.stderr.splitlines()) == 2


def test_accounts_that_are_there_already_are_named(operator: Operator) -> None:
    operator.imports(rows(ANN, BOB))
    result = operator.imports(rows(ANN.upper().replace("ACTIVE", "active")))
    assert "line 2: another account has this username" in result.stderr
    assert "line 2: another account has this e-mail address" in result.stderr
    assert operator.count() == 2


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


def test_what_is_exported_can_be_imported_elsewhere(operator: Operator, tmp_path: Path) -> None:
    operator.imports(rows(ANN, BOB, 'quotes01,"A ""B"", C",D,q@example.org,active'))
    file = tmp_path / "exported.csv"
    assert operator.types("export", "--output", str(file)).exit_code == 0
    operator.database = Database(f"sqlite:///{tmp_path}/elsewhere.db")
    operator.database.migrate()
    assert operator.types("import", str(file)).output == "Imported 3 accounts.\n"
    with operator.database.transaction() as session:
        account = records.find(session, "quotes01")
    operator.database.close()
    assert account is not None
    assert (account.first_name, account.registered_at) == ('A "B", C', NOW)


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_no_exported_cell_is_a_formula(operator: Operator, name: str) -> None:
    operator.imports(rows(f'anngause,"{name}","{name}",ann@example.org,active'))
    _, row = csv.reader(io.StringIO(operator.types("export").output))
    assert row[1] == f"'{name}"
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


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
