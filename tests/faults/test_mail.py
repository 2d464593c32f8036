"""Faults of a mail server on loopback: replies stay quick, letters arrive, at most one copy a fault (G2)."""

import asyncio
import time
from datetime import timedelta

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.delivery import post
from bot.delivery.mailboxes import Mailboxes
from bot.delivery.post import MailServer, kept_letter
from bot.delivery.rendering import Renderer
from core.tables import Owed, Ticket
from tests.asking import MAIL_A_CODE, RECOVER
from tests.databases import PROVED_ON_BOTH
from tests.delivery.stand_ins import owe
from tests.mail_host import MailHost, serving
from tests.world import ADDRESS, MONDAY, SENDER, Chat, World, converse, library

pytestmark = PROVED_ON_BOTH


class AnswerLost(MailHost):
    """Takes the first mail, and is gone before it says so."""

    async def _data(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super()._data(server, session, envelope)
        if len(self.envelopes) == 1 and server.transport is not None:
            server.transport.close()
        return answer


def mailboxes(world: World, host: MailHost) -> Mailboxes:
    """Return the worker's half that posts letters to this server."""
    renderer = Renderer(library, world.keys, ADDRESS, SENDER)
    return Mailboxes(world.database(), world.keys, world.clock, renderer, MailServer(host.url))


async def minutes(world: World, mailboxes: Mailboxes, number: int) -> None:
    """Let so many minutes pass, and whatever is due happen at each."""
    for _ in range(number):
        await mailboxes.work()
        world.later(1)


async def test_g2_after_twenty_minutes_of_451_the_letter_arrives_and_its_code_is_good(world: World) -> None:
    chat = Chat(world)
    world.letterbox.refusal = post.MailRefused("out of reach", permanent=False)
    await converse(chat, [*RECOVER, (MAIL_A_CODE, "8 digits")])
    async with serving(MailHost(DATA="451 4.7.1 come back later")) as host:
        working = mailboxes(world, host)
        await minutes(world, working, 20)
        assert host.mails == []
        host.answers["DATA"] = "250 Accepted"
        await minutes(world, working, 9)
    (mail,) = host.mails
    assert world.now - MONDAY == timedelta(minutes=29)
    assert [row.outcome for row in world.rows(Owed) if row.kind == "letter"] == ["sent"]
    code = next(line for line in kept_letter(0, mail).body.splitlines() if line.strip().isdigit())
    world.letterbox.refusal = None
    await converse(chat, [(code, "is on its way")])
    assert world.rows(Ticket) == []


async def test_g2_a_mail_whose_answer_is_lost_comes_once_more_under_the_same_id(world: World) -> None:
    owe(world)
    async with serving(AnswerLost()) as host:
        await minutes(world, mailboxes(world, host), 120)
    assert len(host.mails) == 2
    assert len({mail["Message-ID"] for mail in host.mails}) == 1
    assert [row.outcome for row in world.rows(Owed)] == ["sent"]


async def test_g2_a_letter_that_a_server_refuses_for_good_is_a_ticket_at_once(world: World) -> None:
    owe(world)
    async with serving(MailHost(RCPT="550 5.1.1 nobody here")) as host:
        await minutes(world, mailboxes(world, host), 120)
    assert [row.happened for row in world.rows(Ticket)] == [
        "The letter username_reminder could not be delivered: SMTP [550]."
    ]


@pytest.mark.alone
async def test_while_the_mail_server_is_a_black_hole_replies_come_within_a_second(world: World) -> None:
    over = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    silent = await asyncio.start_server(serve, "127.0.0.1", 0)
    hole = MailHost()
    hole.port = silent.sockets[0].getsockname()[1]
    for _ in range(8):
        owe(world)
    library().language("en").matcher.match("warm")
    working = asyncio.create_task(mailboxes(world, hole).work())
    took = []
    for number in range(20):
        chat = Chat(world, str(number))
        incoming = chat._incoming("recover my username")
        began = time.monotonic()
        await asyncio.to_thread(chat._receive_twice, incoming)
        took.append(time.monotonic() - began)
    assert not working.done()
    assert sorted(took)[-2] < 1
    over.set()
    await working
    silent.close()
    assert {row.tries for row in world.rows(Owed) if row.kind == "letter"} == {1}
    world.later(1)
    async with serving(MailHost()) as host:
        await mailboxes(world, host).work()
    assert len(host.mails) == 8
