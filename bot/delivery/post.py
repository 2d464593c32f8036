"""Where mails are handed in: a mail server, or the development mailbox on this machine."""

import asyncio
import contextlib
import ssl
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

# For a whole letter: less than a worker's lease on it (`rules.LEASE_SECONDS`).
TIMEOUT_SECONDS = 30
CANCELLED_AGAIN_SECONDS = 0.1
GOODBYE_SECONDS = 1
THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})


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
    """An SMTP server, as `smtp://user:password@host:port` or `smtps://…` names it.

    `smtp` is encrypted by STARTTLS where the server offers it; a password leaves this machine in no other way.
    """

    def __init__(self, url: str) -> None:
        """Use the server of `url`; nothing is sent yet."""
        self._url = urlsplit(url)
        self._tls = ssl.create_default_context()

    async def hand_in(self, mail: EmailMessage) -> None:
        """Return once the server answered 250; MailRefused otherwise.

        It is refused for good where the recipient or the content is (a 5xx). What the server has against this service,
        its password or its address as sender, would hold for every letter, and can be mended.
        """
        client = self._client()

        async def send() -> None:
            await client.connect()
            await client.send_message(mail)

        try:
            await _in_time(send())
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [each.code for each in error.recipients]
            raise MailRefused(f"SMTP {codes}", permanent=all(code >= 500 for code in codes)) from error
        except aiosmtplib.SMTPDataError as error:
            raise MailRefused(f"SMTP {[error.code]}", permanent=error.code >= 500) from error
        except aiosmtplib.SMTPResponseException as error:
            raise MailRefused(f"{type(error).__name__} {[error.code]}", permanent=False) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailRefused(type(error).__name__, permanent=False) from error
        finally:
            await _take_leave(client)

    async def greet(self) -> None:
        """Return once the server has greeted us and taken the password, if there is one; MailRefused otherwise."""
        client = self._client()
        try:
            await _in_time(client.connect())
        except aiosmtplib.SMTPResponseException as error:
            raise MailRefused(f"{type(error).__name__} {[error.code]}", permanent=False) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailRefused(type(error).__name__, permanent=False) from error
        finally:
            await _take_leave(client)

    def _client(self) -> aiosmtplib.SMTP:
        url = self._url
        is_encrypted = url.scheme == "smtps"
        has_to_be_encrypted = bool(url.username) and url.hostname not in THIS_MACHINE
        return aiosmtplib.SMTP(
            hostname=url.hostname,
            port=url.port,
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            use_tls=is_encrypted,
            start_tls=True if has_to_be_encrypted and not is_encrypted else None,
            tls_context=self._tls,
            timeout=TIMEOUT_SECONDS,
        )


async def _in_time(work: Coroutine[object, object, object]) -> None:
    """Return once the work is done, or raise what it raises; TimeoutError when it takes longer than TIMEOUT_SECONDS.

    It is cancelled until that helps: before Python 3.12 `asyncio.wait_for`, by which the library waits for an answer,
    loses a cancellation that comes together with the answer.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=TIMEOUT_SECONDS)
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=CANCELLED_AGAIN_SECONDS)
    if task.cancelled():
        raise TimeoutError
    task.result()


async def _take_leave(client: aiosmtplib.SMTP) -> None:
    """End the session; what was accepted stays accepted, however this ends."""
    with contextlib.suppress(aiosmtplib.SMTPException, OSError):
        if client.is_connected:
            await client.quit(timeout=GOODBYE_SECONDS)
    client.close()


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A mail in the development mailbox."""

    number: int
    at: datetime
    to: str
    subject: str
    body: str
    html: str = ""


class DevelopmentMailbox:
    """Keeps mails as files of a folder instead of sending them; only for a service that this machine alone reaches."""

    def __init__(self, folder: Path) -> None:
        """Keep mails in `folder`, which is made when it is not there."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def hand_in(self, mail: EmailMessage) -> None:
        """Keep the mail; one that comes again replaces itself, as it would be recognised by its Message-ID."""
        paths = self._paths()
        known = {self._read(path)["Message-ID"]: path for path in paths}
        newest = int(paths[-1].stem) if paths else 0
        path = known.get(mail["Message-ID"]) or self._folder / f"{newest + 1:06}.eml"
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(mail.as_bytes(policy=policy.SMTP))
        unfinished.replace(path)

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
    return KeptLetter(number, at, str(mail["To"]), str(mail["Subject"]), _part(mail, "plain"), _part(mail, "html"))


def _part(mail: EmailMessage, kind: Literal["plain", "html"]) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n").rstrip() if part else ""
