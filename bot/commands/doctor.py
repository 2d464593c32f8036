"""`cersbot doctor`: what is wrong with the set-up, and the mend."""

import sys
from collections.abc import Sequence

import click

from bot.operations.checks import INSIDE, Check
from bot.operations.outside_checks import OUTSIDE
from core.settings import Settings, SettingsError, read_settings

MARKS = {"good": "ok ", "odd": "?  ", "bad": "BAD"}


@click.command()
def doctor() -> None:
    """Check the set-up, and say what is wrong, each with the mend; status 1 when something is.

    What is checked: settings, secret key, database, clock, knowledge, encoder, disk, mail server, Telegram and
    the staff's group there.
    """
    try:
        settings = read_settings()
    except SettingsError as error:
        click.echo(f"{MARKS['bad']} settings: {error}")
        sys.exit(1)
    if not examined([*INSIDE, *OUTSIDE], settings):
        sys.exit(1)


def examined(checks: Sequence[Check], settings: Settings) -> bool:
    """Print what every check finds, each with its mend; return whether nothing is wrong."""
    states = []
    for check in checks:
        finding = check.finding(settings)
        states.append(finding.state)
        click.echo(f"{MARKS[finding.state]} {check.name}: {finding.said}")
        if finding.mend:
            click.echo(f"    mend: {finding.mend}")
    return "bad" not in states
