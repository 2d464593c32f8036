"""Rendering: one mail of a letter, always the same, with its secret derived at the last moment (G2, G4)."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from bot.delivery.post import MailServer
from bot.delivery.rendering import Renderer, arm
from core import links, recovery, resolution, staff, ticket_replies, tickets, verification
from core.context import Desk
from core.database import Database
from core.letters import Letter, Secret
from core.links import Purpose
from core.office_days import STATE_OFFICES
from core.tables import Account, AccountRequest, Challenge, Link, Owed
from core.ticket_replies import Draft
from tests.chats import CoreChat
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
    "Content-Transfer-Encoding",
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


def test_a_letter_is_a_plain_mail_from_the_service_to_its_recipient(world: World, database: Database) -> None:
    mail = rendered(world, database, reminder())
    assert set(mail.keys()) == HEADERS
    assert (mail["From"], mail["To"], mail["Subject"]) == (SENDER, "dana@example.org", "Your username")
    assert (mail["Date"], mail["Auto-Submitted"]) == ("Mon, 16 Nov 2026 18:00:00 +0000", "auto-generated")
    assert mail.get_content_type() == "text/plain"
    assert "danalee1" in mail.get_content()


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
    assert "Monday, November 16, 2026" in rendered(world, database, reminder(asked_on=night.isoformat())).get_content()


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
        ana = staff.add(session, world.now, "Ana").id
        dana = session.scalars(select(Account.id).where(Account.username == "danalee1")).one()
        undelivered = tickets.open_for_service(session, "letter", "SMTP said no.", dana, "en", world.now, STATE_OFFICES)
        draft = Draft("Please check your filters.", "key", 0, {}, {})
        ticket_replies.reply(Desk(session, world.now, world.keys, ana), undelivered, draft)
    owed = [Letter.from_payload(row.payload) for row in world.rows(Owed)]
    assert {letter.key for letter in owed} == set(library().language("en").letters)
    for letter in owed:
        mail = rendered(world, database, letter)
        assert mail["Subject"]
        assert "{" not in mail.get_content()


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
    (line,) = [line for line in mail.get_content().splitlines() if path in line]
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
    assert code in rendered(world, database, letter).get_content().splitlines()
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
