"""`cersbot tickets`: what the help desk owes answers to, listed, shown and exported."""

from collections.abc import Iterator
from datetime import datetime
from typing import IO

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.commands import accounts_file
from bot.commands.core import opened
from bot.commands.moments import written
from core import ticket_history, ticket_queue
from core import tickets as records
from core.tables import Staff, Ticket
from core.ticket_pages import transcript
from core.ticket_queue import Filters
from core.tickets import id_of, number_of

COLUMNS = (
    *("number", "state", "owner", "subject", "verified", "language", "created_at", "answer_by", "due_at"),
    *("first_reply_at", "closed_at", "escalated_to", "happened", "tried", "telephone", "hours"),
)
AT_ONCE = 1000


@click.group()
def tickets() -> None:
    """What the help desk owes answers to: list, show, export."""


@tickets.command("list")
@click.option("--state", type=click.Choice(("unresolved", "all", *records.STATES)), default="unresolved")
@click.option("--search", default="", help="Words that the ticket has, or their beginnings; or its number.")
@click.option("--late", is_flag=True, help="Only those whose promise has passed.")
@click.option("--most", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.pass_context
def list_tickets(context: click.Context, *, state: str, search: str, late: bool, most: int) -> None:
    """List tickets, the most urgent first."""
    with opened(context) as core:
        filters = Filters(state=state, words=search, late_at=core.clock() if late else None)
        with core.database.reading() as session:
            page = ticket_queue.page(session, filters, staff=0, size=most)
            has_any = bool(page.rows) or session.scalar(select(Ticket.id).limit(1)) is not None
    for each in page.rows:
        head = " ".join(each.happened.split())[:60]
        click.echo(f"{each.number:>7} {each.state:10} {written(each.due_at)} {each.owner or '-':16} {head}")
    if page.more:
        click.echo(f"There are more; --most {most * 2} shows them.")
    if not page.rows:
        click.echo("There is no such ticket." if has_any else "There are no tickets.")


@tickets.command()
@click.argument("number", type=int)
@click.pass_context
def show(context: click.Context, number: int) -> None:
    """Show the ticket NUMBER: what happened, its history, and the conversation."""
    with opened(context) as core, core.database.reading() as session:
        ticket = session.get(Ticket, id_of(number))
        if ticket is None:
            raise click.ClickException("no such ticket")
        owner = session.get(Staff, ticket.owner_id) if ticket.owner_id else None
        history = ticket_history.history(session, ticket.id)
        lines = transcript(session, ticket)
    told = {
        "Ticket": str(number),
        "State": ticket.state,
        "Owner": owner.name if owner else "-",
        "Subject": ticket.subject or "-",
        "Account": "verified" if ticket.verified_at else "not verified",
        "Opened": written(ticket.created_at),
        "Due": written(ticket.due_at),
        "Happened": ticket.happened,
        "Tried": ticket.tried or "-",
        "Telephone": ticket.telephone or "-",
        "Good time": ticket.hours or "-",
    }
    for name, value in told.items():
        click.echo(f"{name + ':':12}{value}")
    click.echo("\nHistory")
    for line in history:
        click.echo(f"  {written(line.at)}  {line.kind:12} {line.staff:16} {line.text}".rstrip())
    click.echo("\nConversation")
    for said in lines:
        click.echo(f"  {written(said.at)}  {said.author:7} {said.text}")


@tickets.command()
@click.option("--output", type=click.File("w", encoding="utf-8"), default="-", help="A file; otherwise the terminal.")
@click.pass_context
def export(context: click.Context, output: IO[str]) -> None:
    """Write all tickets as CSV; nothing in it is a formula to a spreadsheet."""
    with opened(context) as core, core.database.reading() as session:
        text = accounts_file.write(COLUMNS, _rows(session))
    click.echo(text, output, nl=False)


def _rows(session: Session) -> Iterator[list[str]]:
    last = 0
    while True:
        found = session.execute(
            select(Ticket, Staff.name)
            .outerjoin(Staff, Staff.id == Ticket.owner_id)
            .where(Ticket.id > last)
            .order_by(Ticket.id)
            .limit(AT_ONCE)
        ).all()
        for ticket, owner in found:
            last = ticket.id
            yield [
                str(number_of(ticket.id)),
                ticket.state,
                owner or "",
                ticket.subject,
                "yes" if ticket.verified_at else "no",
                ticket.language,
                *(_iso(each) for each in (ticket.created_at, ticket.answer_by, ticket.due_at)),
                *(_iso(each) for each in (ticket.first_reply_at, ticket.closed_at)),
                ticket.escalated_to,
                *(ticket.happened, ticket.tried, ticket.telephone, ticket.hours),
            ]
        session.expunge_all()
        if len(found) < AT_ONCE:
            return


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
