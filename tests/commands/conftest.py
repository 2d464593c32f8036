"""What tests of commands work with: the bot as a process, not started yet, a mail server, and an operator."""

import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from core.keys import Keys
from core.settings import Settings
from tests import people
from tests.commands.operators import Operator
from tests.commands.process import called
from tests.commands.running import Mails, Running, Taking
from tests.databases import Databases
from tests.ports import free_port
from tests.telegram_server import TelegramServer

ACCOUNTS = "username,first_name,last_name,email,state\ndanalee1,Dana,Lee,dana@example.org,active\n"


@pytest.fixture
def mails() -> Iterator[Mails]:
    """Return what a mail server takes."""
    mails = Mails(free_port())
    controller = Controller(Taking(mails), hostname="127.0.0.1", port=mails.port)
    controller.start()
    yield mails
    controller.stop()


@pytest.fixture
async def bot(tmp_path: Path, mails: Mails) -> AsyncIterator[Running]:
    """Return the bot, not started, with one account."""
    async with TelegramServer() as telegram:
        settings = {
            "CERSBOT_TELEGRAM_TOKEN": telegram.token,
            "CERSBOT_TELEGRAM_BASE_URL": telegram.base_url,
            "CERSBOT_SMTP_URL": f"smtp://127.0.0.1:{mails.port}",
            "CERSBOT_PORT": str(free_port()),
        }
        (tmp_path / "accounts.csv").write_text(ACCOUNTS)
        imported = called(tmp_path, "accounts", "import", "accounts.csv", settings=settings)
        assert imported.returncode == 0, imported.stderr
        running = Running(tmp_path, telegram, settings)
        yield running
        if running.process and running.process.poll() is None:
            await running.end(signal.SIGKILL)


@pytest.fixture
def operator(databases: Databases, tmp_path: Path) -> Iterator[Operator]:
    """Yield an operator."""
    with databases.in_file(tmp_path / "commands.db") as database:
        yield Operator(database, tmp_path, Keys(people.SECRET), Settings())
