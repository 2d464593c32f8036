"""A mail server and a channel that note what they are given, and fail or kill as they are told; and what to give."""

from collections.abc import Mapping
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage

import pytest

from bot.delivery.post import MailRefused
from bot.dialogue.messages import Delivery, Incoming, Sender
from core import follow_ups, letters, rules
from core.letters import Letter
from core.tables import AccountRequest, Owed
from tests.chats import CoreChat
from tests.letterbox import Letterbox
from tests.world import MONDAY, World

BUSY = MailRefused("SMTP [451]", permanent=False)
UNKNOWN = MailRefused("SMTP [550]", permanent=True)
LEASE_MINUTES = rules.LEASE_SECONDS / 60


class Killed(BaseException):
    """The process was killed here."""


class Attempts(Letterbox):
    """A mail server that notes when it was tried, and may kill whoever hands in."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.minutes: list[float] = []
        self.ids: list[str] = []
        self.kills = ""

    async def hand_in(self, mail: EmailMessage) -> None:
        """Note the attempt; kill before or after the mail is accepted."""
        self.minutes.append((self.world.now - MONDAY) / timedelta(minutes=1))
        self.ids.append(str(mail["Message-ID"]))
        if self.kills == "before":
            raise Killed
        await super().hand_in(mail)
        if self.kills == "after":
            raise Killed


class Channel:
    """A channel that sends, or fails as it is told; `crashes` tells a chat from the others."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.failure: Exception | None = None
        self.crashes = ""
        self.kills = False
        self.sent: list[str] = []

    async def send(self, delivery: Delivery) -> None:
        """Send the replies and note that they were sent."""
        if self.failure is not None:
            raise self.failure
        if delivery.chat == self.crashes:
            raise RuntimeError("a fault of the channel")
        self.sent += [reply.text for reply in delivery.replies]
        if self.kills:
            raise Killed
        self.world.conversations(self.world.home).sent(delivery)

    def left_over(self, chat: str = "17", text: str = "hello") -> str:
        """Handle a message and never send the replies; return the first of them."""
        number = len(self.world.rows(Owed))
        delivery = self.world.conversations(self.world.home).receive(Incoming("test", chat, f"{chat}:{number}", text))
        assert delivery is not None
        return delivery.replies[0].text

    async def works(self, minutes: float = 0) -> list[str]:
        """Let a worker of this channel work so many minutes later; return what it sent."""
        self.world.later(minutes)
        before = len(self.sent)
        await self.world.work({"test": self})
        return self.sent[before:]


def letter(to: str = "dana@example.org", body: str = "Hello\n", number: int = 1) -> EmailMessage:
    """Return a mail as the renderer makes it."""
    mail = EmailMessage()
    mail["From"] = "cers-support@example.org"
    mail["To"] = Address(addr_spec=to)
    mail["Subject"] = "Your username"
    mail["Date"] = "Mon, 16 Nov 2026 18:00:00 +0000"
    mail["Message-ID"] = f"<{number}@example.org>"
    mail.set_content(body)
    return mail


def owe(world: World, key: str = "username_reminder", account: int | None = 1) -> int:
    """Owe a letter; return its row."""
    fields = {"first_name": "Dana", "username": "danalee1", "asked_on": world.now.isoformat()}
    with world.home.transaction() as session:
        return letters.owe(session, Letter(key, "dana@example.org", "en", fields, account=account), world.now)


def planned(world: World, chat: str = "17", flow: str = "mail_not_here") -> None:
    """Plan a follow-up, due in five minutes."""
    given = {"action": "recover_username", "identifier": "dana@example.org"}
    CoreChat(world.home, world.keys, world.now, chat).does(follow_ups.plan, flow, given, timedelta(minutes=5))


async def killed(world: World, senders: Mapping[str, Sender] | None = None) -> None:
    """Let a worker work until it is killed."""
    with pytest.raises(Killed):
        await world.work(senders)


def ask(world: World, *numbers: int) -> None:
    """Ask for the username of addresses without an account."""
    database = world.database()
    with database.transaction() as session:
        session.add_all(
            AccountRequest(
                kind="recover_username",
                identifier=f"n{number}@example.org",
                proved_by="characters",
                created_at=world.now,
            )
            for number in numbers
        )
    database.close()
