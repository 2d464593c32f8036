"""`cersbot backup`: a copy of the database, taken while the service runs."""

from pathlib import Path

import click

from bot.operations.backups import BackupFailed, back_up
from core.database import Database
from core.settings import read_settings


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write a backup of the database to FILE, while the service runs or not; the secret key is never in it."""
    database = Database(read_settings().database_url)
    try:
        back_up(database, file)
    except BackupFailed as failure:
        raise click.ClickException(str(failure)) from None
    finally:
        database.close()
    click.echo(f"{file} holds the database. Without the secret key (CERSBOT_SECRET_KEY or var/secret_key) nothing")
    click.echo("that was sealed or mailed can be used after a restore: keep a copy of the key apart from the backups.")
