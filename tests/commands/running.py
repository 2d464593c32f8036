"""`cersbot run` as a process, with the Telegram and the mail server that it talks to."""

import asyncio
import json
import signal
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlencode

from aiosmtpd.handlers import Message as MessageHandler

from bot.delivery.post import kept_letter
from tests.commands.process import start
from tests.telegram_server import TelegramServer

PERSON = 17


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


@dataclass
class Running:
    """The bot as a process, and the Telegram that it talks to."""

    folder: Path
    telegram: TelegramServer
    settings: dict[str, str]
    process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        """The address of its pages."""
        return f"http://127.0.0.1:{self.settings['CERSBOT_PORT']}"

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

    async def opens(self, link: str) -> str:
        """Return the page of a link that was just mailed: it lives once what the mail server said is written down."""
        async with asyncio.timeout(20):
            while True:
                try:
                    return await asyncio.to_thread(self.page, link)
                except urllib.error.HTTPError as refused:
                    if refused.code != 404:
                        raise
                await asyncio.sleep(0.05)

    def hands_in(self, update: object, secret: str) -> int:
        """Hand an update in as Telegram does; return the status."""
        request = urllib.request.Request(
            f"{self.address}/telegram",
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
            return self.page(f"{self.address}/healthz") == "ok\n"
        except OSError:
            return False
