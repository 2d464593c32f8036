"""Rendering: one mail of a letter, always the same, with its secret derived at the last moment (G2, G4)."""

import dataclasses
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.delivery.post import MailServer, kept_letter
from bot.delivery.rendering import Renderer, arm
from core import (
    links,
    mailbox_changes,
    profile,
    recovery,
    registration,
    resolution,
    staff,
    ticket_replies,
    tickets,
    verification,
)
from core.context import Desk
from core.database import Database
from core.letters import Letter, Secret
from core.links import Purpose
from core.office_days import STATE_OFFICES
from core.registration import Registration
from core.tables import Account, AccountRequest, Challenge, Link, Owed
from core.ticket_replies import Draft
from tests.chats import CoreChat
from tests.core.desks import DAY, Desks
from tests.mail_host import MailHost, serving
from tests.world import ADDRESS, MONDAY, SENDER, World, library

BREAKS = ["\r\n", "\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x00", "\r\n\r\n", "\n "]
HEADERS = {
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "Content-Type",
    "MIME-Version",
}


@pytest.fixture
def database(world: World) -> Iterator[Database]:
    """Yield the world's database."""
    database = world.database()
    yield database
    database.close()


def rendered(world: World, database: Database, letter: Letter, owed: int = 1, since: datetime = MONDAY) -> EmailMessage:
    """Return the mail of a letter."""
    with database.transaction() as session:
        return Renderer(library, world.keys, ADDRESS, SENDER).mail(session, letter, owed, since)


def reminder(**fields: str) -> Letter:
    """Return a letter that needs no row."""
    given = {"first_name": "Dana", "username": "danalee1", "asked_on": MONDAY.isoformat(), **fields}
    return Letter("username_reminder", "dana@example.org", "en", given, account=1)


def text(mail: EmailMessage) -> str:
    """Return the letter as text."""
    return kept_letter(0, mail).body


def test_a_letter_is_text_and_html_from_the_service_to_its_recipient(world: World, database: Database) -> None:
    mail = rendered(world, database, reminder())
    assert set(mail.keys()) == HEADERS
    sender = f"CERS Support Bot <{SENDER}>"
    assert (mail["From"], mail["To"], mail["Subject"]) == (sender, "dana@example.org", "Your username")
    assert (mail["Date"], mail["Auto-Submitted"]) == ("Mon, 16 Nov 2026 18:00:00 +0000", "auto-generated")
    assert mail.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in mail.iter_parts()]
    assert kinds == ["text/plain", "text/html"]
    assert "danalee1" in text(mail)
    assert "danalee1" in kept_letter(0, mail).html


def test_a_letter_bears_the_reference_that_its_asker_was_shown(world: World, database: Database) -> None:
    mail = kept_letter(0, rendered(world, database, reminder(reference="CERS-7F3K")))
    assert "Reference: CERS-7F3K" in mail.body.splitlines()
    assert "Reference: CERS-7F3K" in mail.html
    assert "Reference" not in text(rendered(world, database, reminder()))


def test_nothing_that_a_person_is_called_becomes_markup(world: World, database: Database) -> None:
    evil = '<img src="https://example.org/x">&amp;'
    html = kept_letter(0, rendered(world, database, reminder(first_name=evil, username=evil))).html
    assert "<img" not in html
    assert "&lt;img src" in html


def test_g2_the_same_letter_has_the_same_message_id_and_another_another(world: World, database: Database) -> None:
    assert rendered(world, database, reminder()).as_bytes() == rendered(world, database, reminder()).as_bytes()
    moments = [MONDAY, MONDAY + timedelta(microseconds=1)]
    ids = {
        str(rendered(world, database, reminder(), owed, since)["Message-ID"])
        for owed in range(1, 20)
        for since in moments
    }
    assert len(ids) == 2 * 19
    assert all(each.endswith("@example.org>") and each.isascii() for each in ids)


def test_a_date_is_californias(world: World, database: Database) -> None:
    night = datetime(2026, 11, 17, 5, 0, tzinfo=UTC)
    assert "Monday, November 16, 2026" in text(rendered(world, database, reminder(asked_on=night.isoformat())))


def test_a_language_that_is_not_there_is_english(world: World, database: Database) -> None:
    letter = dataclasses.replace(reminder(), language="xx")
    assert rendered(world, database, letter)["Subject"] == "Your username"


@pytest.mark.parametrize(
    "letter",
    [
        dataclasses.replace(reminder(), key="no_such_letter"),
        dataclasses.replace(reminder(), fields={"first_name": "Dana"}),
    ],
    ids=["no such letter", "a field too few"],
)
def test_what_has_no_wording_is_not_mailed(world: World, database: Database, letter: Letter) -> None:
    with pytest.raises(KeyError):
        rendered(world, database, letter)


def resolved(world: World, chat: CoreChat, kind: str, identifier: str, **more: Any) -> None:
    """Let the worker resolve a request of this kind."""
    with chat.turn() as context:
        row = AccountRequest(kind=kind, identifier=identifier, proved_by="code", created_at=context.now, **more)
        context.session.add(row)
        context.session.flush()
        resolution.resolve(context.session, world.keys, row.id, context.now)


def test_every_letter_that_is_ever_owed_has_its_wording(world: World, database: Database) -> None:
    chat = CoreChat(database, world.keys, world.now)
    kinds = (recovery.RECOVER_USERNAME, recovery.RESET_PASSWORD, recovery.RESEND_ACTIVATION, verification.SEND_CODE)
    for kind in kinds:
        for who in ("danalee1", "omarwash", "luciafarm", "nobody@example.org"):
            with chat.turn() as context:
                challenge = None
                if kind == verification.SEND_CODE:
                    challenge = verification.row_of(verification.issue(context, "code", "reset_password", who))
                row = AccountRequest(
                    kind=kind, identifier=who, proved_by="code", challenge_id=challenge, created_at=context.now
                )
                context.session.add(row)
                context.session.flush()
                resolution.resolve(context.session, world.keys, row.id, context.now)
    for username, email in (
        ("newcomer", "new@example.org"),
        ("somebody", "dana@example.org"),
        ("somebody", "omar@example.org"),
        ("danalee1", "other@example.org"),
    ):
        asked = Registration(username, "Dana", "Example", email, "a hash", "a phrase")
        payload = world.keys.seal(json.dumps(dataclasses.asdict(asked)).encode())
        resolved(world, chat, registration.REGISTER, email, payload=payload)
    with chat.turn() as context:
        code = verification.issue(context, "code", registration.REGISTER, "new@example.org")
    resolved(world, chat, verification.SEND_CODE, "new@example.org", challenge_id=verification.row_of(code))
    with database.transaction() as session:
        dana = session.scalars(select(Account.id).where(Account.username == "danalee1")).one()
    resolved(world, chat, profile.CHANGE_EMAIL, "dana2@example.org", account_id=dana)
    with database.transaction() as session:
        link = session.scalars(select(Link).where(Link.purpose == links.EMAIL)).one()
        links.arm(session, link.id, world.now)
        links.use_to_change_email(session, world.keys, links.token(world.keys, link), world.now)
    uses: tuple[tuple[str, Purpose], ...] = (("omarwash", links.ACTIVATE), ("danalee1", links.RESET))
    for username, purpose in uses:
        with database.transaction() as session:
            account = session.scalars(select(Account).where(Account.username == username)).one()
            link = links.issue(session, account.id, purpose, world.now)
            links.arm(session, link.id, world.now)
            token = links.token(world.keys, link)
            if purpose == links.ACTIVATE:
                links.use_to_activate(session, world.keys, token, world.now)
            else:
                links.use_to_reset(session, world.keys, token, "a hash", world.now)
    with database.transaction() as session:
        ana = staff.add(session, world.now, "Olga").id
        dana = session.scalars(select(Account.id).where(Account.username == "danalee1")).one()
        undelivered = tickets.open_for_service(session, "SMTP said no.", dana, "en", world.now, STATE_OFFICES)
        draft = Draft("Please check your filters.", "key", 0, {}, {})
        ticket_replies.reply(Desk(session, world.now, world.keys, ana, STATE_OFFICES), undelivered, draft)
    lost = Desks(database, world.keys, world.now)
    assert (lost.opens(), lost.approves(), lost.proves()) == ("", "", True)
    with database.transaction() as session:
        session.execute(update(Owed).values(settled_at=world.now))
        mailbox_changes.complete(session, lost.case.id, world.now + DAY)
    owed = [Letter.from_payload(row.payload) for row in world.rows(Owed)]
    assert {letter.key for letter in owed} == set(library().language("en").letters)
    for letter in owed:
        mail = rendered(world, database, letter)
        kept = kept_letter(0, mail)
        assert mail["Subject"]
        assert "{" not in kept.body + kept.html
        assert "Was it not you?" in kept.body
        assert "Was it not you?" in kept.html
        asked_elsewhere = re.findall(r"<(?:img|script|link|iframe|object)\b|(?:src|srcset)=|url\(", kept.html)
        assert asked_elsewhere == [], "a letter that asks another host for something can be watched"


@pytest.mark.parametrize(("kind", "path"), [("activate", "/activate/"), ("reset", "/reset/")])
def test_g4_a_link_is_derived_when_it_is_mailed_and_lives_from_then_on(
    world: World, database: Database, kind: Purpose, path: str
) -> None:
    with database.transaction() as session:
        account = session.scalars(select(Account).where(Account.username == "omarwash")).one()
        link = links.issue(session, account.id, kind, world.now)
    key, fields = ("activation", {"deadline": MONDAY.isoformat()}) if kind == "activate" else ("password_reset", {})
    letter = dataclasses.replace(reminder(**fields), key=key, secret=Secret(kind, link.id))
    mail = rendered(world, database, letter)
    (line,) = [line for line in text(mail).splitlines() if path in line]
    assert line == f"{ADDRESS}{path}{links.token(world.keys, link)}"
    for moment in (None, world.now + timedelta(hours=3)):
        with database.transaction() as session:
            assert session.get_one(Link, link.id).armed_at == moment
            arm(session, letter, world.now + timedelta(hours=3))


def test_g4_a_code_is_derived_when_it_is_mailed_and_lives_from_then_on(world: World, database: Database) -> None:
    chat = CoreChat(database, world.keys, world.now)
    challenge = chat.does(verification.issue, "code", "reset_password", "dana@example.org")
    secret = Secret("code", verification.row_of(challenge), challenge)
    letter = dataclasses.replace(reminder(), key="verification_code", secret=secret)
    code = verification.shown(world.keys, "code", challenge)
    assert code in text(rendered(world, database, letter)).splitlines()
    assert code not in str(letter)
    for moment in (None, world.now):
        with database.transaction() as session:
            assert session.get_one(Challenge, secret.row).armed_at == moment
            arm(session, letter, world.now)


def test_a_letter_without_a_secret_arms_nothing(world: World, database: Database) -> None:
    with database.transaction() as session:
        arm(session, reminder(), world.now)
    assert (world.rows(Link), world.rows(Challenge)) == ([], [])


@pytest.mark.parametrize("break_", BREAKS, ids=repr)
async def test_no_field_of_a_letter_becomes_a_header_or_another_recipient(
    world: World, database: Database, break_: str
) -> None:
    evil = f"Dana{break_}Bcc: thief@example.org{break_}Subject: mine{break_}.{break_}RCPT TO:<thief@example.org>"
    async with serving(MailHost()) as host:
        for field in ("first_name", "username"):
            await MailServer(host.url).hand_in(rendered(world, database, reminder(**{field: evil})))
    assert [envelope.rcpt_tos for envelope in host.envelopes] == [["dana@example.org"]] * 2
    for mail in host.mails:
        assert set(mail.keys()) == HEADERS
        assert (mail["Subject"], mail["To"]) == ("Your username", "dana@example.org")


@pytest.mark.parametrize(
    "to",
    [
        *[f"dana@example.org{break_}Bcc: thief@example.org" for break_ in BREAKS],
        "dana@example.org, thief@example.org",
        "dana@example.org> RCPT TO:<thief@example.org",
        "dana@example.org thief@example.org",
        "dana",
        "",
    ],
    ids=repr,
)
async def test_what_is_no_address_is_mailed_to_nobody(world: World, database: Database, to: str) -> None:
    letter = dataclasses.replace(reminder(), to=to)
    async with serving(MailHost()) as host:
        with pytest.raises((ValueError, IndexError, UnicodeError)):
            await MailServer(host.url).hand_in(rendered(world, database, letter))
    assert host.envelopes == []
