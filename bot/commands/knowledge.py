"""`cersbot knowledge`: for editors of what the bot knows."""

import sys
from hashlib import blake2b
from pathlib import Path

import click

import knowledge as package
from bot.app import open_fitting, open_library, today
from bot.commands.core import opened
from core import questions
from core.settings import VAR, read_settings
from knowledge.language import Language

LANGUAGE = click.option("--language", default="en", show_default=True, help="The language to look in.")


@click.group()
def knowledge() -> None:
    """Check and try what the bot knows."""


@knowledge.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--all", "all_lines", is_flag=True, help="Show every remark, not the first ten of a kind.")
def check(folder: Path | None, *, all_lines: bool) -> None:
    """Check every file of FOLDER (the bot's own knowledge when it is not given); status 2 when something is wrong.

    Without problems it tells what could be better, how well questions find their entry, and what moved that since the
    last check.
    """
    from knowledge.editing import checking

    settings, fitting = read_settings(), open_fitting()
    checked = folder or settings.knowledge or Path(package.__file__).parent
    report = checking.check(
        checked,
        lambda path: open_library(settings.model_copy(update={"knowledge": path}), fitting),
        today=today(),
        history=_history(checked),
        shown=sys.maxsize if all_lines else checking.SHOWN,
    )
    for line in report.lines:
        click.echo(line, err=not report.well)
    if not report.well:
        sys.exit(2)


@knowledge.command(name="try")
@click.argument("text")
@LANGUAGE
def try_text(*, text: str, language: str) -> None:
    """Tell what the bot makes of TEXT, and why."""
    from knowledge.editing.trying import explained

    for line in explained(_language(language), text):
        click.echo(line)


@knowledge.command()
@click.option("--most", default=10, show_default=True, type=click.IntRange(1, 100), help="How many to try and show.")
@LANGUAGE
@click.pass_context
def gaps(context: click.Context, *, most: int, language: str) -> None:
    """Show what people asked in vain, put together by what they ask, each with a phrasing to add."""
    from knowledge.editing.gaps import gaps as found

    chosen = _language(language)
    with opened(context) as core, core.database.reading() as session:
        asked = [each.text for each in questions.in_vain(session, chosen.code)]
    shown = found(chosen, asked, most=most)
    for number, gap in enumerate(shown, start=1):
        first, *others = gap.lines()
        click.echo("\n".join([f"{number}. {first}", *others, ""]))
    if not shown:
        click.echo("Nothing was asked in vain.")


@knowledge.command()
@click.option("--jsonl", is_flag=True, required=True, help="One JSON string a line in, one JSON object a line out.")
@LANGUAGE
def match(*, jsonl: bool, language: str) -> None:
    """Tell for each line of standard input which entries it matches, best first, and what the bot would do."""
    from knowledge.editing.lines import LineError, match_lines

    try:
        for line in match_lines(_language(language), sys.stdin):
            click.echo(line)
    except LineError as error:
        raise click.ClickException(str(error)) from error


@knowledge.command()
def schemas() -> None:
    """Write the JSON Schemas with which editors' programs complete knowledge files."""
    from knowledge.editing.schemas import write_all

    changed = write_all()
    click.echo("\n".join(map(str, changed)) if changed else "The schemas are current.")


def _language(code: str) -> Language:
    return open_library(read_settings(), open_fitting()).language(code)


def _history(folder: Path) -> Path:
    """Return the file where the checks of this folder leave what the next compares with."""
    name = blake2b(str(folder.resolve()).encode(), digest_size=4).hexdigest()
    return VAR / "knowledge" / f"check-{name}.json"
