"""`cersbot staff`: who works at the help desk."""

import click

from bot.commands.core import opened
from core import staff as records
from core.refusals import StaffRefused
from core.roles import ROLES, Role
from core.rules import STAFF_LINK_HOURS

SENTENCES = {
    "staff_name_wrong": "a name has 1 to {maximum} characters, all of them printable",
    "staff_name_taken": "somebody has this name already; `cersbot staff list` shows everybody",
    "staff_telegram_taken": "somebody has this Telegram id already; `cersbot staff list` shows everybody",
    "staff_unknown": "nobody has this name; `cersbot staff list` shows everybody",
}


@click.group()
def staff() -> None:
    """Who works at the help desk: add, change, list, disable, reset-password."""


@staff.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), help="What they may do; the first of all is an admin, others agents.")
@click.option("--telegram-id", type=click.IntRange(min=1), help="Their id on Telegram, for the staff group.")
@click.pass_context
def add(context: click.Context, name: str, role: Role | None, telegram_id: int | None) -> None:
    """Let NAME work at the help desk, and print the link by which they set their password."""
    with opened(context) as core:
        try:
            with core.database.transaction() as session:
                member = records.add(session, core.clock(), name, telegram_id, role)
                token = records.password_link(session, core.keys, core.clock(), member.name)
        except StaffRefused as refused:
            raise click.ClickException(f"Nobody was added: {_sentence(refused)}") from None
        click.echo(f"Added {member.name} ({member.role}).")
        _tell_link(core.settings.address, token)


@staff.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), help="What they may do from now on.")
@click.option("--telegram-id", type=click.IntRange(min=0), help="Their id on Telegram from now on; 0 for none.")
@click.pass_context
def change(context: click.Context, name: str, role: Role | None, telegram_id: int | None) -> None:
    """Change the role or the Telegram id of NAME; what is not given stays."""
    with opened(context) as core:
        try:
            with core.database.transaction() as session:
                found = records.find(session, name)
                if found is None:
                    raise StaffRefused("staff_unknown")
                telegram = found.telegram_id if telegram_id is None else telegram_id or None
                member = records.change(session, core.clock(), name, role or found.role, telegram)
        except StaffRefused as refused:
            raise click.ClickException(f"Nothing was changed: {_sentence(refused)}") from None
    click.echo(f"{member.name}: {member.role}, Telegram id {member.telegram_id or '-'}.")


@staff.command("list")
@click.pass_context
def list_staff(context: click.Context) -> None:
    """List everybody with role, Telegram id and state."""
    with opened(context) as core, core.database.reading() as session:
        found = records.members(session)
    if not found:
        click.echo("Nobody works here yet; `cersbot staff add NAME` adds somebody.")
    for each in found:
        state = "disabled" if each.disabled else "active" if each.has_password else "no password yet"
        click.echo(f"{each.name:24} {each.role:8} {each.telegram_id or '-':<12} {state}")


@staff.command()
@click.argument("name")
@click.pass_context
def disable(context: click.Context, name: str) -> None:
    """End the work of NAME: their sessions end at once. `reset-password` lets them work here again."""
    with opened(context) as core:
        try:
            with core.database.transaction() as session:
                member = records.disable(session, core.clock(), name)
        except StaffRefused as refused:
            raise click.ClickException(f"Nobody was disabled: {_sentence(refused)}") from None
    click.echo(f"Disabled {member.name}; every session of theirs has ended.")


@staff.command("reset-password")
@click.argument("name")
@click.pass_context
def reset_password(context: click.Context, name: str) -> None:
    """Print a link by which NAME sets a new password; the old one works until then.

    Whoever was disabled works here again from now on, and the audit trail says so.
    """
    with opened(context) as core:
        try:
            with core.database.transaction() as session:
                token = records.password_link(session, core.keys, core.clock(), name)
        except StaffRefused as refused:
            raise click.ClickException(f"There is no link: {_sentence(refused)}") from None
        _tell_link(core.settings.address, token)


def _tell_link(address: str, token: str) -> None:
    click.echo(f"This link sets the password, once, within {STAFF_LINK_HOURS} hours. Give it to nobody else:")
    click.echo(f"{address}/desk/password/{token}")


def _sentence(refused: StaffRefused) -> str:
    return f"{SENTENCES[refused.phrase].format(**refused.fields)}."
