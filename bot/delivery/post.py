"""Where mails are handed in: a mail server, or the development mailbox on this machine."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

TIMEOUT_SECONDS = 30


class MailRefused(Exception):
    """The mail was not taken: for good (`permanent`, a 5xx), or try again (a 4xx, an outage)."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.permanent = permanent


class Post(Protocol):
    """Takes mails."""

    async def hand_in(self, mail: EmailMessage) -> None:
        """Return once the mail was accepted; MailRefused says whether to try again."""


class MailServer:
    """An SMTP server, as `smtp://user:password@host:port` (STARTTLS where it is offered) or `smtps://…` names it."""

    def __init__(self, url: str) -> None:
        """Use the server of `url`; nothing is sent yet."""
        self._url = urlsplit(url)

    async def hand_in(self, mail: EmailMessage) -> None:
        """Return once the server answered 250; MailRefused otherwise."""
        url = self._url
        try:
            await aiosmtplib.send(
                mail,
                hostname=url.hostname,
                port=url.port,
                username=unquote(url.username) if url.username else None,
                password=unquote(url.password) if url.password else None,
                use_tls=url.scheme == "smtps",
                tls_context=ssl.create_default_context(),
                timeout=TIMEOUT_SECONDS,
            )
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as error:
            codes = (
                [each.code for each in error.recipients]
                if isinstance(error, aiosmtplib.SMTPRecipientsRefused)
                else [error.code]
            )
            raise MailRefused(f"SMTP {codes}", permanent=all(500 <= code < 600 for code in codes)) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailRefused(type(error).__name__, permanent=False) from error


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A mail in the development mailbox."""

    number: int
    at: datetime
    to: str
    subject: str
    body: str


class DevelopmentMailbox:
    """Keeps mails as files of a folder instead of sending them; only for a service that this machine alone reaches."""

    def __init__(self, folder: Path) -> None:
        """Keep mails in `folder`, which is made when it is not there."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def hand_in(self, mail: EmailMessage) -> None:
        """Keep the mail; one that comes again replaces itself, as it would be recognised by its Message-ID."""
        known = {self._read(path)["Message-ID"]: path for path in self._paths()}
        path = known.get(mail["Message-ID"]) or self._folder / f"{len(known) + 1:06}.eml"
        path.write_bytes(mail.as_bytes(policy=policy.SMTP))

    def letters(self) -> Sequence[KeptLetter]:
        """Return the mails that were kept, newest first."""
        return [kept_letter(int(path.stem), self._read(path)) for path in reversed(self._paths())]

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.eml"))

    def _read(self, path: Path) -> EmailMessage:
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        if not isinstance(mail, EmailMessage):
            raise TypeError(f"{path} is no mail")
        return mail


def kept_letter(number: int, mail: EmailMessage) -> KeptLetter:
    """Return what a person sees of a mail."""
    at = parsedate_to_datetime(mail["Date"])
    return KeptLetter(number, at, str(mail["To"]), str(mail["Subject"]), mail.get_content().rstrip())
