"""An accounts file: CSV read row by row with the line that each begins at, and written so that no cell is a formula."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field

from core.accounts_import import ImportRow, RowProblem

REQUIRED = ("username", "first_name", "last_name", "email", "state")
OPTIONAL = ("registered_at", "protection_phrase")
# A spreadsheet takes a cell that begins with one of these for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class AccountsFile:
    """What stands in a file: its rows, what is wrong with its shape, and the columns that nothing reads."""

    rows: list[ImportRow] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def read(data: bytes) -> AccountsFile:
    """Return what stands in the file: UTF-8 (with or without a byte order mark), columns separated by commas.

    The first line names the columns, in any order. Empty lines are passed over. A row that cannot be read is a
    problem with the number of the line that it begins at.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return AccountsFile(problems=_undecodable(data))
    if not text.strip():
        return AccountsFile(problems=[RowProblem(1, "file_empty")])
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    result = AccountsFile()
    header: list[str] = []
    line = 1
    try:
        for cells in lines:
            if not cells:
                pass
            elif not header:
                header = [cell.strip().casefold() for cell in cells]
                result.problems.extend(_header_problems(header, line))
                result.unread.extend(name for name in header if name not in (*REQUIRED, *OPTIONAL))
                if result.problems:
                    return result
            elif len(cells) != len(header):
                fields = {"cells": len(cells), "columns": len(header)}
                result.problems.append(RowProblem(line, "row_length", fields))
            else:
                named = dict(zip(header, cells, strict=True))
                known = {name: named[name] for name in (*REQUIRED, *OPTIONAL) if name in named}
                result.rows.append(ImportRow(line, **known))
            line = lines.line_num + 1
    except csv.Error as error:
        result.problems.append(RowProblem(line, "row_quotes", {"why": str(error)}))
    return result


def write(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return the rows as CSV; what a spreadsheet would take for a formula gets an apostrophe before it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row] for row in rows)
    return text.getvalue()


def _header_problems(header: list[str], line: int) -> list[RowProblem]:
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and separator in header[0]:
            return [RowProblem(line, "file_separator", {"separator": name})]
    repeated = {name for name in header if header.count(name) > 1}
    return [
        *(RowProblem(line, "column_missing", {"column": name}) for name in REQUIRED if name not in header),
        *(RowProblem(line, "column_twice", {"column": name}) for name in sorted(repeated)),
    ]


def _undecodable(data: bytes) -> list[RowProblem]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return [RowProblem(1, "file_utf16")]
    problems = []
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            problems.append(RowProblem(number, "row_encoding", {"byte": f"0x{line[error.start]:02x}"}))
    return problems
