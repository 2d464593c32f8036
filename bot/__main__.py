"""The command `cersbot`."""

import importlib
import logging
import os
import sys
from typing import TYPE_CHECKING

import click

from core.settings import SettingsError, read_settings
from knowledge.problems import KnowledgeError

if TYPE_CHECKING:
    from bot.app import Core

COMMANDS = {
    "chat": "Talk to the bot in this terminal, on example accounts of its own.",
    "run": "Run every channel that is configured, the pages and the delivery.",
    "migrate": "Bring the database to the newest revision.",
    "accounts": "Import, show and create accounts.",
    "staff": "Add, change, list and disable those who work at the help desk.",
    "tickets": "List, show and export what the help desk owes answers to.",
    "doctor": "Check the set-up: what is wrong, and the mend.",
    "backup": "Copy the database to a file, while the service runs.",
    "knowledge": "Check and try what the bot knows.",
}


class LateGroup(click.Group):
    """A group whose commands are imported when they are called, so that each starts quickly."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"bot.commands.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LateGroup)
@click.pass_context
def cersbot(context: click.Context) -> None:
    """The CERS Support Bot: answers, account recovery and a help desk for CERS users."""
    context.obj = _open_core


def _open_core() -> "Core":
    from bot.app import open_core

    return open_core(read_settings())


def main() -> None:
    """Run a command; a wrong setting or a broken knowledge file ends it with a sentence and status 2."""
    os.umask(0o077)  # databases, letters and logs are for this user alone
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        cersbot(standalone_mode=True)
    except (SettingsError, KnowledgeError) as error:
        click.echo(str(error), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
