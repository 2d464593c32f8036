"""`cersbot knowledge`: for editors of what the bot knows."""

import sys
from pathlib import Path

import click

from bot.app import open_library, service_facts, today
from core import rules
from core.settings import read_settings
from knowledge import editing
from knowledge.needed import Needed


@click.group()
def knowledge() -> None:
    """Check and try what the bot knows."""


@knowledge.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
def check(folder: Path | None) -> None:
    """Check every file of FOLDER (the bot's own knowledge when it is not given); status 2 when something is wrong."""
    settings = read_settings()
    report = editing.check(
        folder or settings.knowledge,
        service=service_facts(settings),
        enforced=rules.ENFORCED,
        today=today(),
        needed=Needed.by_program(),
    )
    for line in report.lines:
        click.echo(line, err=not report.well)
    if not report.well:
        sys.exit(2)


@knowledge.command()
@click.option("--jsonl", is_flag=True, required=True, help="One JSON string a line in, one JSON object a line out.")
@click.option("--language", default="en", show_default=True, help="The language to match in.")
def match(*, jsonl: bool, language: str) -> None:
    """Tell for each line of standard input which entries it matches, best first, and what the bot would do."""
    library = open_library(read_settings())
    try:
        for line in editing.match_lines(library.language(language), sys.stdin):
            click.echo(line)
    except editing.LineError as error:
        raise click.ClickException(str(error)) from error
