"""Files of accounts as an operator imports and exports them: what spreadsheets write, and every bad row by its line."""

import csv
import io
from pathlib import Path

import pytest

from core import accounts as records
from core.database import Database
from tests.commands.operators import ANN, BOB, HEADER, NOW, Operator, rows


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
