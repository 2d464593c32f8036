"""Handing in: what a real mail server makes of our letters, and what we make of its answers (G2)."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest

from bot.delivery import post
from bot.delivery.post import MailRefused, MailServer
from tests.delivery.stand_ins import letter
from tests.mail_host import MailHost, certificate, serving

ODD_ADDRESSES = [
    "o'brien+cers@example.org",
    "!#$%&*/=?^_`{|}~-@example.org",
    "a.b.c.d@xn--bcher-kva.example",
    "x" * 64 + "@" + ".".join(["y" * 60] * 3) + ".org",
    '"dana example"@example.org',
    '"a,b@c"@example.org',
    '"<>;:"@example.org',
]
BODIES = {
    "lone dots": ".\n..\n.\n...\nend",
    "an end of data": "before\n.\nMAIL FROM:<a@example.org>\nRCPT TO:<b@example.org>\nDATA\nSubject: two\n\n.\nafter",
    "the same with CR LF": "before\r\n.\r\nMAIL FROM:<a@example.org>\r\n.\r\nafter",
    "a bare CR": "before\r.\rafter",
    "mixed ends": "one\n.\r\ntwo\r.\nthree\n\r.\r\n",
    "nothing": "",
    "a long line": "word " * 2_000,
    "one long word": "x" * 5_000,
    "other letters": "José, 請, \u2028 and \u2029 and \x85, 🙂\n.\n",
    "trailing blanks": "one  \ntwo\t\n  \n",
}


def text(mail: EmailMessage) -> str:
    """Return the body as a mail program shows it."""
    content = mail.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


async def refusal(url: str, mail: EmailMessage | None = None) -> MailRefused:
    """Return why the mail was not taken."""
    with pytest.raises(MailRefused) as refused:
        await MailServer(url).hand_in(mail or letter())
    return refused.value


def stand_still(seconds: float) -> None:
    """Keep the event loop from everything, as a busy machine does."""
    time.sleep(seconds)


@asynccontextmanager
async def raw(serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """Yield the address of a server that is no mail server, or a broken one."""
    sessions = []

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sessions.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(reader, writer)

    server = await asyncio.start_server(session, "127.0.0.1", 0)
    try:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for each in sessions:
            each.close()
        await asyncio.sleep(0.01)  # for the sessions to notice


async def test_a_mail_that_is_accepted_arrives_as_it_was_written() -> None:
    async with serving(MailHost()) as host:
        await MailServer(host.url).hand_in(letter(body="Hello Dana,\n\nyour username is danalee1.\n"))
    (envelope,) = host.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("cers-support@example.org", ["dana@example.org"])
    (mail,) = host.mails
    assert (mail["To"], mail["Subject"], mail["Message-ID"]) == ("dana@example.org", "Your username", "<1@example.org>")
    assert text(mail) == "Hello Dana,\n\nyour username is danalee1.\n"


@pytest.mark.parametrize("code", [450, 451, 452, 550, 552, 553])
async def test_a_refused_recipient_is_tried_again_or_not_as_the_server_says(code: int) -> None:
    async with serving(MailHost(RCPT=f"{code} no")) as host:
        refused = await refusal(host.url)
    assert (refused.permanent, str(refused)) == (code >= 500, f"SMTP [{code}]")
    assert host.envelopes == []


@pytest.mark.parametrize("code", [421, 451, 452, 550, 552, 554])
async def test_a_refused_mail_is_tried_again_or_not_as_the_server_says(code: int) -> None:
    async with serving(MailHost(DATA=f"{code} no")) as host:
        refused = await refusal(host.url)
    assert (refused.permanent, str(refused)) == (code >= 500, f"SMTP [{code}]")


@pytest.mark.parametrize("code", [451, 530, 550])
async def test_a_refused_sender_is_no_fault_of_the_letter(code: int) -> None:
    async with serving(MailHost(MAIL=f"{code} no")) as host:
        assert not (await refusal(host.url)).permanent


async def test_an_answer_does_not_bring_the_address_into_the_log() -> None:
    async with serving(MailHost(RCPT="550 <dana@example.org> is nobody here")) as host:
        assert "dana" not in str(await refusal(host.url))


async def test_where_nobody_listens_it_is_tried_again() -> None:
    async with raw(lambda _reader, _writer: asyncio.sleep(0)) as url:
        pass
    refused = await refusal(url)
    assert (refused.permanent, str(refused)) == (False, "SMTPConnectError")


@pytest.mark.parametrize(
    "greeting", [b"554 no service\r\n", b"421 later\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"\xff\xfe\x00", b""]
)
async def test_a_server_that_does_not_serve_is_tried_again(greeting: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()

    async with raw(serve) as url:
        assert not (await refusal(url)).permanent


@pytest.mark.parametrize(
    "answers", [[], [b"220 hello\r\n"], [b"220 hello\r\n", b"250 hello\r\n", b"250 OK\r\n", b"250 OK\r\n"]]
)
async def test_a_black_hole_is_left_in_time(monkeypatch: pytest.MonkeyPatch, answers: list[bytes]) -> None:
    monkeypatch.setattr(post, "TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(post, "GOODBYE_SECONDS", 0.1)
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, answer in enumerate(answers):
            if number:
                await reader.readline()
            writer.write(answer)
        await over.wait()
        writer.close()

    async with raw(serve) as url, asyncio.timeout(2):
        assert not (await refusal(url)).permanent
        over.set()


async def test_a_server_that_drips_its_answers_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr(post, "GOODBYE_SECONDS", 0.1)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (b"220 hello\r\n", b"250 hello\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n"):
            await asyncio.sleep(0.1)
            writer.write(answer)
            await reader.readline()
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"250 Accepted\r\n")

    async with raw(serve) as url:
        assert not (await refusal(url)).permanent


async def test_an_answer_that_comes_just_when_the_time_is_over_brings_no_more_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(post, "TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr(post, "GOODBYE_SECONDS", 0.1)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        began = time.monotonic()
        writer.write(b"220 hello\r\n")
        await reader.readline()
        await asyncio.sleep(0.28 - (time.monotonic() - began))
        writer.write(b"250 hello\r\n")
        stand_still(0.1)  # nobody looks at the answer until the time is over as well
        for answer in (b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n"):
            await reader.readline()
            await asyncio.sleep(0.15)
            writer.write(answer)
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"250 Accepted\r\n")

    async with raw(serve) as url:
        assert not (await refusal(url)).permanent


@pytest.mark.parametrize("seconds", [0.0, 5.0])
async def test_what_was_accepted_stays_accepted_however_the_goodbye_goes(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr(post, "TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(post, "GOODBYE_SECONDS", 0.1)
    host = MailHost()
    host.quit_seconds = seconds
    async with serving(host), asyncio.timeout(2):
        await MailServer(host.url).hand_in(letter())
    assert len(host.envelopes) == 1


async def test_a_connection_that_breaks_before_the_answer_leaves_it_open_and_is_tried_again() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        for answer in (b"250 hello\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n"):
            await reader.readline()
            writer.write(answer)
        await reader.readuntil(b"\r\n.\r\n")
        writer.close()

    async with raw(serve) as url:
        assert not (await refusal(url)).permanent


@pytest.mark.parametrize("to", ODD_ADDRESSES)
async def test_an_odd_address_is_one_recipient_and_arrives_unchanged(to: str) -> None:
    async with serving(MailHost()) as host:
        await MailServer(host.url).hand_in(letter(to))
    assert [envelope.rcpt_tos for envelope in host.envelopes] == [[to]]
    assert [address.addr_spec for address in host.mails[0]["To"].addresses] == [to]


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_whatever_a_body_holds_it_is_one_mail_with_that_body(body: str) -> None:
    async with serving(MailHost()) as host:
        await MailServer(host.url).hand_in(letter(body=body))
    assert len(host.envelopes) == 1
    assert text(host.mails[0]).rstrip("\n") == body.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    assert all(len(line) <= 998 for line in host.content().split(b"\r\n"))
    assert b"\r" not in host.content().replace(b"\r\n", b"")
    assert b"\n" not in host.content().replace(b"\r\n", b"")


async def test_without_starttls_a_mail_goes_as_it_is_and_a_password_stays_here() -> None:
    async with serving(MailHost(), auth_require_tls=False) as host:
        await MailServer(host.url).hand_in(letter())
        refused = await refusal(f"smtp://cers:p%40ss%20word@0.0.0.0:{host.port}")
        assert not refused.permanent
    assert (len(host.envelopes), host.passwords) == (1, [])


async def test_on_this_machine_a_password_needs_no_encryption() -> None:
    async with serving(MailHost(), auth_require_tls=False) as host:
        await MailServer(f"smtp://cers:p%40ss%20word@127.0.0.1:{host.port}").hand_in(letter())
    assert (len(host.envelopes), host.passwords) == (1, [(b"p@ss word", False)])


async def test_a_wrong_password_is_no_fault_of_the_letter() -> None:
    async with serving(MailHost(), auth_require_tls=False) as host:
        refused = await refusal(f"smtp://cers:wrong@127.0.0.1:{host.port}")
    assert (refused.permanent, str(refused)) == (False, "SMTPAuthenticationError [535]")


async def test_where_starttls_is_offered_everything_goes_encrypted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trusted, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    async with serving(MailHost(), tls_context=context, require_starttls=True) as host:
        await MailServer(host.url).hand_in(letter())
        await MailServer(f"smtp://cers:p%40ss%20word@0.0.0.0:{host.port}").hand_in(letter())
    assert (len(host.envelopes), host.passwords) == (2, [(b"p@ss word", True)])


async def test_a_certificate_that_nobody_signed_is_refused_and_nothing_goes_in_clear(tmp_path: Path) -> None:
    _, context = certificate(tmp_path)
    async with serving(MailHost(), tls_context=context) as host:
        assert not (await refusal(host.url)).permanent
    assert host.envelopes == []
