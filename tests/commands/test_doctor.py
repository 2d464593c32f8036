"""`cersbot doctor`, as operators have it: what is wrong is named, each with the mend, and the status says so."""

import asyncio
import re
import shutil
import sqlite3
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.commands.doctor import doctor as command
from bot.commands.doctor import examined
from bot.operations.checks import INSIDE, Check, Finding, unread_variables
from bot.operations.outside_checks import OUTSIDE
from core.settings import Settings
from tests.commands.process import ROOT, called, run
from tests.mail_host import MailHost, serving
from tests.ports import free_port
from tests.postgres import PostgreSQL
from tests.telegram_server import TelegramServer


async def doctor(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Call the command beside the servers of the test."""
    return await asyncio.to_thread(called, folder, "doctor", settings=settings)


async def test_a_set_up_that_works_is_good_throughout(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, serving(MailHost()) as mail:
        settings = {
            "CERSBOT_TELEGRAM_TOKEN": telegram.token,
            "CERSBOT_TELEGRAM_BASE_URL": telegram.base_url,
            "CERSBOT_SMTP_URL": mail.url,
            "CERSBOT_MAIL_FROM": "cers-support@example.org",
        }
        called(tmp_path, "migrate", settings=settings)
        done = await asyncio.to_thread(run, tmp_path, "doctor", settings=settings)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^ok  (.+?):", done.stdout, re.MULTILINE) == [
        "settings",
        "secret key",
        "database",
        "clock",
        "knowledge",
        "encoder",
        "disk",
        "mail",
        "Telegram",
        "staff's group",
    ]
    assert telegram.token not in done.stdout
    assert mail.mails == []


def test_help_names_every_check() -> None:
    told = " ".join(CliRunner().invoke(command, ["--help"]).output.split())
    assert [check.name for check in [*INSIDE, *OUTSIDE] if check.name not in told] == []


def test_a_variable_of_the_tests_is_known_and_a_misspelt_one_is_not() -> None:
    given = ["CERSBOT_PORT", "cersbot_browser", "CERSBOT_BROWZER", "PATH"]
    assert unread_variables(given) == ["CERSBOT_BROWZER"]


async def test_every_fault_is_named_with_its_mend_and_no_secret(tmp_path: Path) -> None:
    folder = tmp_path / "knowledge"
    shutil.copytree(ROOT / "knowledge", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", "*.md"))
    (folder / "facts.yaml").write_text("- nothing")
    (tmp_path / ".env").write_text("CERSBOT_SMPT_URL=smtp://mail.example.org\n")
    async with TelegramServer() as telegram:
        done = await doctor(
            tmp_path,
            CERSBOT_TELEGRAM_TOKEN="7:another-token",
            CERSBOT_TELEGRAM_BASE_URL=telegram.base_url,
            CERSBOT_SMTP_URL=f"smtp://someone:hidden-word@127.0.0.1:{free_port()}",
            CERSBOT_DATABASE_URL=f"postgresql://someone:hidden-word@127.0.0.1:{free_port()}/cersbot",
            CERSBOT_KNOWLEDGE=str(folder),
        )
    assert done.returncode == 1
    for said in (
        "BAD settings: nothing reads CERSBOT_SMPT_URL",
        "did you mean CERSBOT_SMTP_URL?",
        "?   secret key",
        "BAD database",
        "BAD knowledge: ",
        "BAD mail: the mail server does not take us: SMTPConnectError",
        "BAD Telegram: Telegram does not take the token (HTTP 401)",
        "copy it anew from BotFather",
    ):
        assert said in done.stdout
    assert done.stdout.count("mend: ") == done.stdout.count("BAD ") + done.stdout.count("?   ")
    assert "hidden-word" not in done.stdout + done.stderr
    assert "another-token" not in done.stdout + done.stderr


async def test_a_wrong_setting_is_a_finding(tmp_path: Path) -> None:
    done = await doctor(tmp_path, CERSBOT_PORT="eighty")
    assert (done.returncode, done.stdout.startswith("BAD settings: CERSBOT_PORT='eighty'")) == (1, True)


async def test_a_clock_behind_what_was_recorded_is_found(tmp_path: Path) -> None:
    called(tmp_path, "migrate")
    with closing(sqlite3.connect(tmp_path / "var" / "cersbot.db")) as database:
        database.execute("INSERT INTO audit (at, event, detail) VALUES ('2999-01-01 00:00:00', 'x', '{}')")
        database.commit()
    done = await doctor(tmp_path)
    assert done.returncode == 1
    assert "BAD clock: the clock says" in done.stdout
    assert "timedatectl set-ntp true" in done.stdout


async def test_a_damaged_database_is_found_and_whole_again_once_its_backup_is_in_its_place(tmp_path: Path) -> None:
    called(tmp_path, "migrate")
    called(tmp_path, "backup", "backup.db")
    file = tmp_path / "var" / "cersbot.db"
    with file.open("r+b") as broken:
        broken.seek(-4096 * 3, 2)
        broken.write(b"\xff" * 4096 * 2)
    done = await doctor(tmp_path)
    assert (done.returncode, "is damaged: " in done.stdout) == (1, True), done.stdout
    shutil.copy(tmp_path / "backup.db", file)
    assert "ok  database" in (await doctor(tmp_path)).stdout


def test_postgresql_without_tables_is_found_and_migrated(tmp_path: Path, postgresql: PostgreSQL) -> None:
    with postgresql.without_tables() as url:
        settings = {"CERSBOT_DATABASE_URL": url, "CERSBOT_SECRET_KEY": "x" * 40}
        before = called(tmp_path, "doctor", settings=settings)
        assert (before.returncode, "run `cersbot migrate`" in before.stdout) == (1, True)
        assert called(tmp_path, "migrate", settings=settings).returncode == 0
        assert called(tmp_path, "doctor", settings=settings).returncode == 0


def test_a_backup_is_a_command(tmp_path: Path) -> None:
    run(tmp_path, "migrate")
    assert stat.S_IMODE((tmp_path / "var" / "cersbot.db").stat().st_mode) == 0o600, "others can read the database"
    done = run(tmp_path, "backup", "copy.db")
    assert (done.returncode, "secret key" in done.stdout) == (0, True)
    again = called(tmp_path, "backup", "copy.db")
    assert (again.returncode, "is there already" in again.stderr) == (1, True)


def test_a_check_that_crashes_is_a_finding_and_others_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    def crash(_: Settings) -> Finding:
        raise RuntimeError("of the check")

    checks = [Check("first", crash), Check("second", lambda _: Finding("good", "it is there"))]
    assert not examined(checks, Settings())
    assert [line[:10] for line in capsys.readouterr().out.splitlines()] == ["BAD first:", "    mend: ", "ok  second"]
