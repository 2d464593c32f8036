"""`cersbot run`, as operators have it: Telegram over HTTP, letters over SMTP, pages, signals, kills, wrong settings."""

import asyncio
import json
import re
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlencode

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler

from bot.delivery.post import kept_letter
from tests.commands.process import ROOT, run, start
from tests.ports import free_port
from tests.telegram_server import TelegramServer

PERSON = 17
STAFF_GROUP = -1001234567890
ANA = 501
ACCOUNTS = "username,first_name,last_name,email,state\ndanalee1,Dana,Lee,dana@example.org,active\n"


@dataclass
class Mails:
    """What a mail server on loopback has taken."""

    port: int
    taken: list[EmailMessage] = field(default_factory=list)

    async def text(self, subject: str) -> str:
        """Return the text of the mail with this subject, once it is there."""
        for _ in range(400):
            found = [mail for mail in self.taken if mail["Subject"] == subject]
            if found:
                return kept_letter(0, found[-1]).body
            await asyncio.sleep(0.05)
        raise AssertionError(f"no letter {subject!r}, but {[mail['Subject'] for mail in self.taken]}")


class Taking(MessageHandler):
    """Takes every mail into `mails`."""

    def __init__(self, mails: Mails) -> None:
        super().__init__()
        self._mails = mails

    def prepare_message(self, session: object, envelope: object) -> EmailMessage:
        """Read the mail."""
        content = getattr(envelope, "content", b"")
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        return mail

    def handle_message(self, message: object) -> None:
        """Keep the mail."""
        assert isinstance(message, EmailMessage)
        self._mails.taken.append(message)


@pytest.fixture
def mails() -> Iterator[Mails]:
    """Return what a mail server takes."""
    mails = Mails(free_port())
    controller = Controller(Taking(mails), hostname="127.0.0.1", port=mails.port)
    controller.start()
    yield mails
    controller.stop()


@dataclass
class Running:
    """The bot as a process, and the Telegram that it talks to."""

    folder: Path
    telegram: TelegramServer
    settings: dict[str, str]
    process: subprocess.Popen[str] | None = None

    async def start(self) -> None:
        """Start the bot and wait until its pages answer."""
        self.process = start(self.folder, "run", settings=self.settings, stderr=subprocess.STDOUT)
        async with asyncio.timeout(30):
            while not await asyncio.to_thread(self._is_healthy):
                assert self.process.poll() is None, self.process.stdout and self.process.stdout.read()
                await asyncio.sleep(0.05)

    async def end(self, number: signal.Signals) -> int:
        """Send a signal; return the exit status."""
        assert self.process
        self.process.send_signal(number)
        await asyncio.to_thread(self.process.communicate, timeout=20)
        return self.process.returncode

    async def hears(self, text: str) -> str:
        """Type a text on Telegram; return what the bot says."""
        await self.telegram.say(PERSON, text)
        return "\n".join(message.text for message in await self.telegram.heard(PERSON, wait=20))

    async def presses(self, label: str) -> str:
        """Press a button on Telegram; return what the bot says."""
        await self.telegram.press(PERSON, label)
        return "\n".join(message.text for message in await self.telegram.heard(PERSON, wait=20))

    def page(self, address: str, **form: str) -> str:
        """Return a page, opened or posted to."""
        data = urlencode(form).encode() if form else None
        with urllib.request.urlopen(urllib.request.Request(address, data=data), timeout=10) as answer:
            return str(answer.read().decode())

    def hands_in(self, update: object, secret: str) -> int:
        """Hand an update in as Telegram does; return the status."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.settings['CERSBOT_PORT']}/telegram",
            json.dumps(update).encode(),
            {"X-Telegram-Bot-Api-Secret-Token": secret},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code

    def _is_healthy(self) -> bool:
        try:
            return self.page(f"http://127.0.0.1:{self.settings['CERSBOT_PORT']}/healthz") == "ok\n"
        except OSError:
            return False


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
        imported = run(tmp_path, "accounts", "import", "accounts.csv", settings=settings)
        assert imported.returncode == 0, imported.stderr
        running = Running(tmp_path, telegram, settings)
        yield running
        if running.process and running.process.poll() is None:
            await running.end(signal.SIGKILL)


async def test_a_forgotten_password_is_reset_from_the_first_word_to_the_last_page(bot: Running, mails: Mails) -> None:
    await bot.start()
    assert "Reset my password" in await bot.hears("/start") or "Reset my password" in bot.telegram.buttons(PERSON)
    assert "What is your username" in await bot.presses("Reset my password")
    assert "Please type the characters" in await bot.hears("dana@example.org")
    assert "8 digits" in await bot.presses("Mail me a code instead")
    code = re.search(r"\b\d{8}\b", await mails.text("Your code"))
    assert code
    assert "d****@example.org" in await bot.hears(code[0])
    link = re.search(r"http\S+/reset/\S+", await mails.text("Set a new password"))
    assert link
    assert "danalee1" in await asyncio.to_thread(bot.page, link[0])
    await asyncio.to_thread(lambda: bot.page(link[0], password="Sunny2Day", confirmation="Sunny2Day"))
    assert "danalee1" in await mails.text("Your password was changed")
    assert await bot.end(signal.SIGTERM) == 0


async def test_g1_a_kill_between_messages_loses_nothing_and_repeats_nothing(bot: Running, mails: Mails) -> None:
    await bot.start()
    await bot.hears("recover my username")
    await bot.end(signal.SIGKILL)
    await bot.telegram.say(PERSON, "dana@example.org")
    await bot.start()
    heard = await bot.telegram.heard(PERSON, wait=20)
    assert "Please type the characters" in heard[-1].text
    assert "8 digits" in await bot.presses("Mail me a code instead")
    await mails.text("Your code")
    assert await bot.end(signal.SIGINT) == 0
    assert [mail["Subject"] for mail in mails.taken] == ["Your code"]


async def test_telegram_hands_messages_in_where_a_webhook_is_set(bot: Running) -> None:
    bot.settings |= {"CERSBOT_WEBHOOK_URL": "https://bot.example.org/telegram"}
    await bot.start()
    assert await bot.telegram.until(lambda: bot.telegram.chats.webhook is not None, 10)
    address, secret = bot.telegram.chats.webhook or ("", "")
    assert address == "https://bot.example.org/telegram"
    bot.telegram.chats.open(PERSON)
    person = {"id": PERSON, "type": "private", "first_name": "Dana"}
    message = {"message_id": 1, "date": 1, "chat": person, "from": {**person, "is_bot": False}, "text": "/help"}
    update = {"update_id": 7, "message": message}
    assert await asyncio.to_thread(bot.hands_in, update, "a guess") == 403
    assert await asyncio.to_thread(bot.hands_in, update, secret) == 200
    assert "Type your question" in (await bot.telegram.heard(PERSON, wait=20))[-1].text
    assert await bot.end(signal.SIGTERM) == 0


async def test_staff_help_a_person_from_their_group_on_telegram_whatever_ends_meanwhile(bot: Running) -> None:
    bot.settings |= {"CERSBOT_TELEGRAM_STAFF_CHAT": str(STAFF_GROUP)}
    added = run(bot.folder, "staff", "add", "Ana", "--telegram-id", str(ANA), settings=bot.settings)
    assert added.returncode == 0, added.stderr
    group = bot.telegram.chats.open(STAFF_GROUP)
    await bot.start()
    for text in ("/person", "It says no", "skip", "skip", "send it"):
        await bot.hears(text)
    [card] = await bot.telegram.heard(STAFF_GROUP, wait=20)
    assert "It says no" in card.text
    [topic] = group.topics
    await bot.end(signal.SIGKILL)

    await bot.telegram.say(STAFF_GROUP, "Which address\nwas it?", person=ANA, topic=topic)
    await bot.start()
    assert await bot.telegram.until(lambda: len(bot.telegram.fresh(PERSON)) == 2, 20)
    notice, reply = await bot.telegram.heard(PERSON)
    assert "Ana of the help desk" in notice.text
    assert reply.text == "Which address\nwas it?"
    await bot.telegram.say(PERSON, "dana@example.org")
    await bot.telegram.say(PERSON, "or the old one")
    assert await bot.telegram.until(lambda: "old one" in _newest(bot, STAFF_GROUP), 20)

    bot.telegram.chats.open(PERSON).blocked = True
    await bot.telegram.say(STAFF_GROUP, "The old one.", person=ANA, topic=topic)
    assert await bot.telegram.until(lambda: "blocked by the user" in _newest(bot, STAFF_GROUP), 20)
    assert "Ana wrote: The old one." in _newest(bot, STAFF_GROUP)
    assert len(group.topics) == 1
    assert await bot.end(signal.SIGTERM) == 0


def _newest(bot: Running, chat: int) -> str:
    return bot.telegram.chats.open(chat).messages[max(bot.telegram.chats.open(chat).messages)].text


@pytest.mark.parametrize(
    ("variable", "value", "right"),
    [
        ("CERSBOT_PORT", "eighty", "8000"),
        ("CERSBOT_PUBLIC_URL", "bot.example.org", "https://bot.example.org"),
        ("CERSBOT_DATABASE_URL", "mysql://root@db/x", "sqlite:///"),
        ("CERSBOT_TELEGRAM_TOKEN", "secret-but-wrong", "123456789:AAE"),
        ("CERSBOT_SMTP_URL", "http://mail.example.org", "smtp://"),
        ("CERSBOT_SECRET_KEY", "short", "32"),
        ("CERSBOT_KNOWLEDGE", "nowhere", "knowledge"),
    ],
)
def test_a_wrong_setting_ends_with_one_line_that_names_it_and_a_right_value(
    tmp_path: Path, variable: str, value: str, right: str
) -> None:
    done = run(tmp_path, "run", settings={variable: value})
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(variable)
    assert right in done.stderr
    assert "secret-but-wrong" not in done.stderr


def test_a_public_service_without_a_mail_server_does_not_start(tmp_path: Path) -> None:
    done = run(tmp_path, "run", settings={"CERSBOT_PUBLIC_URL": "https://bot.example.org"})
    assert (done.returncode, done.stderr.startswith("CERSBOT_SMTP_URL")) == (2, True)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = run(tmp_path, "run", settings={"CERSBOT_PORT": port})
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert f"CERSBOT_PORT={port}" in done.stderr


def test_a_telegram_that_does_not_answer_is_named_without_the_token(tmp_path: Path) -> None:
    settings = {
        "CERSBOT_PORT": str(free_port()),
        "CERSBOT_TELEGRAM_TOKEN": "7:hidden-token",
        "CERSBOT_TELEGRAM_BASE_URL": f"http://127.0.0.1:{free_port()}/bot",
    }
    done = run(tmp_path, "run", settings=settings)
    assert done.returncode == 2
    assert "CERSBOT_TELEGRAM_BASE_URL" in done.stderr
    assert "hidden-token" not in done.stderr


@pytest.mark.parametrize("command", ["run", "chat"])
def test_broken_knowledge_ends_with_file_line_column_and_the_mend(tmp_path: Path, command: str) -> None:
    folder = tmp_path / "knowledge"
    shutil.copytree(ROOT / "knowledge", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", "*.md"))
    broken = folder / "en" / "faq" / "help.yaml"
    lines = broken.read_text().splitlines()
    place = next(number for number, line in enumerate(lines, 1) if line.startswith("  answer:"))
    lines[place - 1] = "  anwser: |"
    broken.write_text("\n".join(lines))
    done = run(tmp_path, command, settings={"CERSBOT_KNOWLEDGE": str(folder), "CERSBOT_PORT": str(free_port())})
    assert done.returncode == 2
    assert f"en/faq/help.yaml:{place}:3" in done.stderr
    assert "answer" in done.stderr
