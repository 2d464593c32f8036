"""Accounts added from a file: all of its rows, or none and a reason for every bad one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import delete, insert, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from core import accounts, addresses, audit
from core.addresses import Address
from core.refusals import AccountRefused
from core.tables import Account

_Item = TypeVar("_Item")
# Rows and keys in one statement.
_BATCH = 5_000
_KEYS: Mapping[str, InstrumentedAttribute[str]] = {"username": Account.username_key, "email": Account.email_key}


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One row of an accounts file, its cells as they stand there; `line` is where the row begins."""

    line: int
    username: str
    first_name: str
    last_name: str
    email: str
    state: str
    registered_at: str = ""
    protection_phrase: str = ""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row cannot be imported: `phrase` names the reason as refusals do, `fields` fills it."""

    line: int
    phrase: str
    fields: Mapping[str, object] = field(default_factory=dict)


class ImportRefused(Exception):
    """Nothing was imported; `problems` names every bad row, by their lines."""

    def __init__(self, problems: Sequence[RowProblem]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = tuple(sorted(problems, key=lambda each: each.line))


def import_rows(session: Session, rows: Sequence[ImportRow], now: datetime, *, found: Sequence[RowProblem] = ()) -> int:
    """Add an account for every row and return how many; ImportRefused when a row is bad, and nothing is added.

    `found` are problems that the file had before its rows could be read. An old username that is an e-mail address is
    accepted (ruling on 004). Nobody is written to. What was never activated and has lapsed gives way. There is a
    statement for thousands of rows, not for each.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE"))
    problems = list(found)
    values: list[dict[str, Any]] = []
    lines: dict[str, dict[str, int]] = {name: {} for name in _KEYS}
    for row in rows:
        read = _read(row, now)
        problems += [RowProblem(row.line, refusal.phrase, refusal.fields) for refusal in read.refusals]
        for name, seen in lines.items():
            key = read.values[f"{name}_key"]
            first = seen.setdefault(key, row.line) if key else row.line
            if first != row.line:
                problems.append(RowProblem(row.line, f"{name}_twice", {"first": first}))
        values.append(read.values)
    for name, column in _KEYS.items():
        for keys in _batches(list(lines[name])):
            taken = session.scalars(select(column).where(column.in_(keys), ~accounts.is_lapsed(now)))
            problems += [RowProblem(lines[name][key], f"{name}_taken") for key in taken]
    if problems:
        raise ImportRefused(problems)
    for name, column in _KEYS.items():
        for keys in _batches(list(lines[name])):
            session.execute(delete(Account).where(column.in_(keys), accounts.is_lapsed(now)))
    for batch in _batches(values):
        session.execute(insert(Account), batch)
    audit.record(session, audit.Event.ACCOUNTS_IMPORTED, now=now, accounts=len(values))
    return len(values)


@dataclass(frozen=True, slots=True)
class _Read:
    """A row as its account will be; a key is empty, and a refusal says why, where there is none."""

    values: dict[str, Any]
    refusals: list[AccountRefused]


def _read(row: ImportRow, now: datetime) -> _Read:
    username, state, email, registered_at = row.username.strip(), row.state.strip(), Address("", ""), now
    refusals = [
        *_username_refusals(username),
        *accounts.name_refusals(row.first_name, row.last_name, row.protection_phrase),
    ]
    try:
        email = addresses.read(row.email)
    except ValueError as error:
        refusals.append(AccountRefused("email_wrong", why=str(error)))
    if state not in {accounts.ACTIVE, accounts.AWAITING}:
        refusals.append(AccountRefused("state_wrong", given=state))
    try:
        registered_at = _moment(row.registered_at.strip(), now)
    except ValueError:
        refusals.append(AccountRefused("registered_at_wrong", given=row.registered_at.strip()))
    if registered_at > now:
        refusals.append(AccountRefused("registered_at_ahead", given=row.registered_at.strip()))
    values = {
        "username": username,
        "username_key": addresses.username_key(username),
        "first_name": row.first_name.strip(),
        "last_name": row.last_name.strip(),
        "email": email.mailable,
        "email_key": email.key,
        "protection_phrase": row.protection_phrase.strip() or None,
        "state": state,
        "registered_at": registered_at,
    }
    return _Read(values, refusals)


def _username_refusals(username: str) -> list[AccountRefused]:
    if "@" not in username:
        return accounts.username_refusals(username)
    return [AccountRefused("username_characters")] if accounts.email_refusals(username) else []


def _moment(written: str, now: datetime) -> datetime:
    """Return the date or moment, UTC where it names no zone; `now` where nothing is written; ValueError if neither."""
    if not written:
        return now
    moment = datetime.fromisoformat(written)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _batches(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
