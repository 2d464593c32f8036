"""`cersbot accounts`: accounts imported, created, shown and exported by an operator."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import IO, Any, BinaryIO

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.commands import accounts_file
from bot.commands.accounts_file import REQUIRED
from bot.commands.core import opened
from bot.commands.moments import written
from core import accounts as records
from core import letters, links, personal_data
from core.accounts_import import ImportRefused, RowProblem, import_rows
from core.letters import Letter, Secret
from core.refusals import AccountRefused
from core.tables import Account

SENTENCES = {
    "username_too_short": "the username has fewer than {minimum} characters",
    "username_too_long": "the username has more than {maximum} characters",
    "username_characters": "the username may hold letters and digits only (A-Z, a-z, 0-9)",
    "username_taken": "another account has this username",
    "username_twice": "line {first} has the same username",
    "first_name_missing": "the first name is missing",
    "first_name_too_long": "the first name has more than {maximum} characters",
    "first_name_characters": "the first name holds a line break or another control character",
    "last_name_missing": "the last name is missing",
    "last_name_too_long": "the last name has more than {maximum} characters",
    "last_name_characters": "the last name holds a line break or another control character",
    "protection_phrase_too_long": "the protection phrase has more than {maximum} characters",
    "protection_phrase_characters": "the protection phrase holds a line break or another control character",
    "email_wrong": "the e-mail address is not one: {why}",
    "email_taken": "another account has this e-mail address",
    "email_twice": "line {first} has the same e-mail address",
    "state_wrong": 'the state is "{given}", and can be awaiting_activation or active',
    "registered_at_wrong": 'registered_at is "{given}", and a date is written as 2026-11-21',
    "registered_at_ahead": 'registered_at is "{given}", which lies in the future',
    "row_length": "the row has {cells} cells where the first line has {columns}",
    "row_quotes": "the quotation marks of this row do not match ({why}); nothing after it could be read",
    "row_encoding": "the byte {byte} is not UTF-8; save the file as “CSV UTF-8”",
    "column_missing": "the column {column} is missing; the first line names the columns: " + ",".join(REQUIRED),
    "column_twice": "the column {column} is there twice",
    "file_empty": "the file is empty; the first line names the columns: " + ",".join(REQUIRED),
    "file_separator": "the columns are separated by {separator}; save the file with commas",
    "file_utf16": "the file is UTF-16; save it as “CSV UTF-8”",
}

_UNKNOWN = "There is no account with the username or e-mail address {!r}."


@click.group()
def accounts() -> None:
    """Accounts of this service: import, create, show, export."""


@accounts.command("import")
@click.argument("file", type=click.File("rb"))
@click.pass_context
def import_accounts(context: click.Context, file: BinaryIO) -> None:
    """Add an account for every row of FILE, or none, and say what is wrong with each bad row.

    FILE is CSV in UTF-8; its first line is username,first_name,last_name,email,state (a state is
    awaiting_activation or active). The columns registered_at (2026-11-21) and protection_phrase may be there too.
    Nobody is written to.
    """
    content = accounts_file.read(file.read())
    with opened(context) as core:
        try:
            with core.database.transaction() as session:
                added = import_rows(session, content.rows, core.clock(), found=content.problems)
        except ImportRefused as refused:
            raise click.ClickException(_complaint(refused.problems)) from None
    for column in content.unread:
        click.echo(f"The column {column} is not known here and was not read.", err=True)
    click.echo(f"Imported {_counted(added, 'account')}.")


@accounts.command()
@click.option("--username", prompt=True, help="5-16 letters and digits.")
@click.option("--first-name", prompt=True)
@click.option("--last-name", prompt=True)
@click.option("--email", prompt="E-mail", help="Where all letters of this account go.")
@click.pass_context
def create(context: click.Context, username: str, first_name: str, last_name: str, email: str) -> None:
    """Create an account and send its owner the activation letter.

    It has no password: its owner chooses one by a link that the bot sends, so nobody else ever knows it.
    """
    with opened(context) as core:
        now = core.clock()
        try:
            with core.database.transaction() as session:
                account = records.register(
                    session, now, username=username, first_name=first_name, last_name=last_name, email=email
                )
                _owe_activation(session, account, now)
        except AccountRefused as refused:
            raise click.ClickException(f"Nothing was created: {_sentence(refused.phrase, refused.fields)}") from None
    deadline = records.activation_deadline(account)
    click.echo(f"Created {account.username}. The activation letter to {account.email} leaves with the next delivery.")
    click.echo(f"The account can be activated until {written(deadline)}.")


@accounts.command()
@click.argument("identifier", metavar="USERNAME|EMAIL")
@click.pass_context
def show(context: click.Context, identifier: str) -> None:
    """Show the account with this username or e-mail address; never its password or protection phrase."""
    with opened(context) as core:
        now = core.clock()
        with core.database.reading() as session:
            account = records.find(session, identifier)
        if account is None:
            raise click.ClickException(_UNKNOWN.format(identifier))
        status = records.status(account, now)
    lines = {
        "Username": account.username,
        "Name": f"{account.first_name} {account.last_name}",
        "E-mail": account.email,
        "State": status,
        "Registered": written(account.registered_at),
        "Password": "set" if account.password_hash else "not set",
    }
    if account.activated_at:
        lines["Activated"] = written(account.activated_at)
    if status != "active":
        lines["Activation until"] = written(records.activation_deadline(account))
    for name, value in lines.items():
        click.echo(f"{name + ':':18}{value}")


@accounts.command()
@click.argument("identifier", metavar="[USERNAME|EMAIL]", required=False)
@click.option("--output", type=click.File("w", encoding="utf-8"), default="-", help="A file; otherwise the terminal.")
@click.pass_context
def export(context: click.Context, identifier: str | None, output: IO[str]) -> None:
    """Write all accounts as CSV that `import` reads, without passwords and protection phrases.

    With USERNAME or EMAIL: everything that is kept about this person, as JSON, to be given to them. Passwords and the
    protection phrase are told as set or not set.
    """
    if identifier is not None:
        click.echo(json.dumps(_personal(context, identifier), indent=2, ensure_ascii=False), output)
        return
    columns = (*REQUIRED, "registered_at")
    with opened(context) as core, core.database.reading() as session:
        rows = session.execute(
            select(
                Account.username,
                Account.first_name,
                Account.last_name,
                Account.email,
                Account.state,
                Account.registered_at,
            ).order_by(Account.id)
        ).all()
    click.echo(
        accounts_file.write(columns, ([*row[:-1], row.registered_at.isoformat()] for row in rows)), output, nl=False
    )


def _personal(context: click.Context, identifier: str) -> dict[str, Any]:
    with opened(context) as core, core.database.reading() as session:
        account = records.find(session, identifier)
        if account is None:
            raise click.ClickException(_UNKNOWN.format(identifier))
        return personal_data.everything(session, account, core.clock())


def _owe_activation(session: Session, account: Account, now: datetime) -> None:
    link = links.issue(session, account.id, links.ACTIVATE, now)
    fields = {
        "first_name": account.first_name,
        "username": account.username,
        "asked_on": now.isoformat(),
        "deadline": records.activation_deadline(account).isoformat(),
    }
    letter = Letter("activation", account.email, "en", fields, Secret("activate", link.id), account.id)
    letters.owe(session, letter, now)


def _complaint(problems: Iterable[RowProblem]) -> str:
    lines = [f"line {each.line}: {_sentence(each.phrase, each.fields)}" for each in problems]
    return "\n".join([f"Nothing was imported; {_counted(len(lines), 'problem')}:", *lines])


def _sentence(phrase: str, fields: Mapping[str, object]) -> str:
    return SENTENCES[phrase].format(**fields).removesuffix(".") + "."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number:,} {noun}s"
