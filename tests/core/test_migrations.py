"""Migrations: they make the tables that the code speaks of, once, however many processes begin at once."""

import subprocess
import sys
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select

from core.database import MIGRATIONS, Database, migration_config
from core.keys import Keys
from core.links import RESET
from core.migrations import NEWEST
from core.tables import Base, Link
from tests.people import mailed_link, register
from tests.postgres import PostgreSQL

MIGRATE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from core.database import Database

def migrate(url):
    database = Database(url)
    database.migrate()
    database.close()

with ThreadPoolExecutor(4) as threads:
    list(threads.map(migrate, [sys.argv[1]] * 4))
"""
NEXT = '''"""A migration of the tests."""

import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{head}"


def upgrade() -> None:
    with op.batch_alter_table("accounts", recreate="always") as accounts:
        accounts.add_column(sa.Column("nickname", sa.Text(), nullable=True))
    {then}
'''


def schema(database: Database) -> dict[str, list[str]]:
    """Return the lines by which each table and index was made, in alphabetical order."""
    with database.engine.connect() as connection:
        made = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").all()
    return {
        name: sorted(line.strip(" \t,") for line in sql.splitlines())
        for name, sql in made
        if name not in {"alembic_version", "sqlite_sequence"}
    }


def upgraded_by(database: Database, folder: Path, then: str = "pass") -> None:
    """Run one more migration, which makes the table `accounts` anew and then does `then`."""
    (folder / "next.py").write_text(NEXT.format(head=heads()[0], then=then))
    config = migration_config()
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"{MIGRATIONS / 'versions'}\n{folder}")
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "next")


def heads() -> list[str]:
    return list(ScriptDirectory.from_config(migration_config()).get_heads())


def test_there_is_one_newest_revision() -> None:
    assert len(heads()) == 1


def test_migrations_and_tables_do_not_drift_apart(database: Database) -> None:
    with database.engine.connect() as connection:
        assert (
            compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata) == []
        )


def test_migrations_make_the_tables_word_for_word(sqlite: Database, tmp_path: Path) -> None:
    made = Database(f"sqlite:///{tmp_path}/made.db")
    Base.metadata.create_all(made.engine)
    assert schema(sqlite) == schema(made)
    made.close()


def test_migrations_make_the_triggers_word_for_word_on_postgresql(postgresql: PostgreSQL) -> None:
    query = """
        SELECT pg_get_triggerdef(oid), pg_get_functiondef(tgfoid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname
    """

    def triggers(url: str) -> list[tuple[str, ...]]:
        with psycopg.connect(url) as connection:
            return connection.execute(query).fetchall()

    with postgresql.database() as migrated, postgresql.without_tables() as url:
        made = Database(url)
        Base.metadata.create_all(made.engine)
        made.close()
        assert triggers(url) == triggers(migrated) != []


def test_a_database_is_current_once_it_is_migrated(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/deeper/folder/new.db")
    assert not database.is_current()
    database.migrate()
    assert database.is_current()
    database.migrate()
    assert database.is_current()
    database.close()


def test_postgresql_compares_words_by_code_points_whatever_its_locale(postgresql: PostgreSQL) -> None:
    query = """
        SELECT collation_name FROM information_schema.columns WHERE table_name = 'ticket_words' AND column_name = 'word'
    """
    with postgresql.database() as url, psycopg.connect(url) as connection:
        assert connection.execute(query).fetchall() == [("C",)]


def test_migrating_again_keeps_what_is_there(database: Database, now: datetime) -> None:
    account = register(database, now)
    database.migrate()
    assert register(database, now, "somebody").id == account.id + 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_three_processes_and_their_threads_make_the_tables_once(
    kind: str, postgresql: PostgreSQL, tmp_path: Path
) -> None:
    with nullcontext(f"sqlite:///{tmp_path}/shared.db") if kind == "sqlite" else postgresql.without_tables() as url:
        migrated_by_three_processes(url)


def migrated_by_three_processes(url: str) -> None:
    """Let three processes migrate at once, and look at what they say and leave."""
    processes = [subprocess.Popen([sys.executable, "-c", MIGRATE, url], stderr=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate()[1] for process in processes] == [b""] * 3
    database = Database(url)
    assert database.is_current()
    database.close()


def test_a_table_made_anew_keeps_what_refers_to_it(sqlite: Database, keys: Keys, now: datetime, tmp_path: Path) -> None:
    mailed_link(sqlite, keys, register(sqlite, now), RESET, now)
    upgraded_by(sqlite, tmp_path)
    with sqlite.transaction() as session:
        assert session.scalars(select(Link)).all()
        assert session.connection().exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_migration_that_fails_changes_nothing(sqlite: Database, tmp_path: Path) -> None:
    before = schema(sqlite)
    with pytest.raises(ZeroDivisionError):
        upgraded_by(sqlite, tmp_path, then="1 / 0")
    assert schema(sqlite) == before
    assert sqlite.is_current()


def test_what_a_migration_takes_back_it_can_make_again(database: Database) -> None:
    config = migration_config()
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    assert not database.is_current()
    database.migrate()
    assert database.is_current()


def test_the_newest_migration_is_the_one_that_the_start_looks_for() -> None:
    assert ScriptDirectory.from_config(migration_config()).get_heads() == [NEWEST]
