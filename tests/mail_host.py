"""A real SMTP server on loopback, in the event loop of the test; what it answers is set by the test."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class MailHost:
    """Takes mails and keeps the envelopes; `answers` are those to RCPT, MAIL and DATA, and QUIT may be slow."""

    def __init__(self, **answers: str) -> None:
        self.answers = {"MAIL": "250 OK", "RCPT": "250 OK", "DATA": "250 Accepted", **answers}
        self.quit_seconds = 0.0
        self.envelopes: list[Envelope] = []
        self.passwords: list[tuple[bytes, bool]] = []
        self.port = 0
        self.handle_MAIL = self._mail
        self.handle_RCPT = self._rcpt
        self.handle_DATA = self._data
        self.handle_QUIT = self._quit

    @property
    def url(self) -> str:
        """The address of this server."""
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def mails(self) -> list[EmailMessage]:
        """What arrived, as a mail program reads it."""
        return [read(self.content(number)) for number in range(len(self.envelopes))]

    def content(self, number: int = 0) -> bytes:
        """What came over the wire."""
        content = self.envelopes[number].content
        assert isinstance(content, bytes)
        return content

    async def _mail(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """Take or refuse the sender."""
        envelope.mail_from = address
        return self.answers["MAIL"]

    async def _rcpt(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """Take or refuse the recipient."""
        if self.answers["RCPT"].startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answers["RCPT"]

    async def _data(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take or refuse the mail."""
        if self.answers["DATA"].startswith("250"):
            self.envelopes.append(envelope)
        return self.answers["DATA"]

    async def _quit(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Say goodbye, perhaps slowly."""
        await asyncio.sleep(self.quit_seconds)
        return "221 Bye"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        """Take one password, and note whether it came encrypted."""
        assert isinstance(data, LoginPassword)
        self.passwords.append((data.password, session.ssl is not None))
        return AuthResult(success=data.password == b"p@ss word", handled=False)


@asynccontextmanager
async def serving(host: MailHost, **options: Any) -> AsyncIterator[MailHost]:
    """Yield the host while it serves."""
    loop = asyncio.get_running_loop()
    sessions: list[SMTP] = []

    def session() -> SMTP:
        sessions.append(
            SMTP(host, hostname="mail.example.org", loop=loop, authenticator=host.authenticate, **options),
        )
        return sessions[-1]

    server = await loop.create_server(session, "127.0.0.1", 0)
    host.port = server.sockets[0].getsockname()[1]
    try:
        yield host
    finally:
        server.close()
        for each in sessions:
            if each.transport is not None:
                each.transport.close()
        await asyncio.sleep(0.01)  # for the sessions to notice


def read(content: bytes) -> EmailMessage:
    """Return the mail as a mail program reads it."""
    mail = message_from_bytes(content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Return a new certificate for 127.0.0.1, signed by nobody, as a file and as a server uses it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example.org")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.IPAddress(ipaddress.ip_address(each)) for each in ("127.0.0.1", "0.0.0.0")]
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    unencrypted = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unencrypted)
    (folder / "key.pem").write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, folder / "key.pem")
    return path, context
