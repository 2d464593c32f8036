"""`cersbot migrate`: bring the database to the newest revision."""

import click

from core.database import Database
from core.settings import read_settings


@click.command()
def migrate() -> None:
    """Bring the database to the newest revision; nothing happens where it is."""
    database = Database(read_settings().database_url)
    try:
        database.migrate()
    finally:
        database.close()
    click.echo("The database is at the newest revision.")
