"""Mailed links and the letters around them: scanners, other sites, forged hosts, broken lines, look-alike addresses."""

import asyncio
import itertools
import logging
import re

import pytest
from playwright.async_api import Browser, Request
from starlette.testclient import TestClient

from bot.delivery.post import MailServer
from bot.delivery.rendering import Renderer
from core import accounts, links, recovery, resolution, verification
from core.letters import Letter
from core.refusals import AccountRefused
from core.tables import Account, Link, Owed
from core.verification import Proof
from tests.browser import page
from tests.chats import CoreChat
from tests.desk import browser as real
from tests.desk.office import Office
from tests.mail_host import MailHost, serving
from tests.people import mailed_link, register
from tests.security.figures import Measured
from tests.world import ADDRESS, SENDER, World, library

NEW = {"password": "Heron2026x", "confirmation": "Heron2026x"}
BREAKS = ("\r\n", "\n", "\r", "\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x00", "%0d%0a", "\\r\\n")
FORGED = {
    "Host": ("evil.example.org", "evil.example.org:443", "127.0.0.1:8000@evil.example.org", ""),
    "X-Forwarded-Host": ("evil.example.org",),
    "X-Forwarded-Server": ("evil.example.org",),
    "X-Forwarded-Proto": ("javascript", "https"),
    "X-Forwarded-For": ("203.0.113.99",),
    "X-Forwarded-Prefix": ("//evil.example.org",),
    "X-Original-URL": ("https://evil.example.org/",),
    "X-Rewrite-URL": ("//evil.example.org/",),
    "X-Host": ("evil.example.org",),
    "Forwarded": ("host=evil.example.org;proto=https", "for=evil.example.org"),
}
LOOK_ALIKES = (
    "dаna@example.org",  # a Cyrillic letter
    "dana@exаmple.org",
    "dänа@example.org",
    "dana@example.org.evil.example.org",
    "dana@example.org@evil.example.org",
    "dana@example.org,thief@example.org",
    "dana@example.org;thief@example.org",
    "dana@example.org thief@example.org",
    "<dana@example.org>,thief@example.org",
    '"dana@example.org"@evil.example.org',
    "dana(thief@example.org)@example.org",
    "dana%example.org@evil.example.org",
    "dana@example.org%0acc:thief@example.org",
    "dana@example.org\nBcc: thief@example.org",
    "dana+x@example.org",
    "d.ana@example.org",
    "dana@example.org",
    "dana@exampIe.org",
    "DANA@EXAMPLE.ORG",
    "ｄａｎａ@ｅｘａｍｐｌｅ.ｏｒｇ",
    "dana@xn--exmple-cua.org",
    "danalee1@example.org",
    "DANALEE1",
    "dаnalee1",
)


async def test_a_scanner_and_a_person_with_a_browser_leave_no_token_anywhere(
    office: Office, measured: Measured, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.handler.setLevel(logging.DEBUG)
    account = register(office.database, office.world.now, active=True)
    token = mailed_link(office.database, office.world.keys, account, links.RESET, office.world.now)
    client = TestClient(
        office.app(ADDRESS),
        ADDRESS,
    )
    scans = [client.request(method, f"/reset/{token}") for _ in range(20) for method in ("GET", "HEAD", "OPTIONS")]
    assert {answer.status_code for answer in scans} <= {200, 405}
    assert all(link.used_at is None for link in office.world.rows(Link))
    answer = client.post(f"/reset/{token}", data=NEW)
    assert answer.status_code == 200
    assert token not in "".join(each.text + str(each.headers) for each in [*scans, answer])
    assert not [record for record in caplog.records if record.name != "httpx2" and token in record.getMessage()]
    measured("link scanners", "60 GET, HEAD and OPTIONS of a link, then the person's POST succeeds; 0 tokens in logs")


@pytest.mark.prove
@pytest.mark.asyncio(loop_scope="session")
async def test_a_real_browser_sends_the_token_to_nobody(
    office: Office, chromium: Browser, measured: Measured, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    account = register(office.database, office.world.now, active=True)
    token = mailed_link(office.database, office.world.keys, account, links.RESET, office.world.now)
    seen: list[Request] = []

    def note(request: Request) -> None:
        seen.append(request)

    async with real.served(office) as address, page(chromium, address) as browser:
        browser.on("request", note)
        for _ in range(3):
            await browser.goto(f"/reset/{token}")
        await browser.get_by_label("New password", exact=False).first.fill(NEW["password"])
        await browser.locator("#confirmation").fill(NEW["confirmation"])
        await browser.get_by_role("button").first.click()
        await browser.wait_for_load_state()
        assert "is set" in await browser.inner_text("h1")
        headers = [await each.all_headers() for each in seen]
    measured("link scanners", f"a real browser's {len(seen)} requests: 0 to other hosts, 0 Referers with the token")
    assert not [each for each in headers if token in each.get("referer", "")]
    assert all(each.url.startswith(address) for each in seen)
    assert token not in caplog.text


def test_no_forged_host_changes_a_link_or_a_page(office: Office, measured: Measured) -> None:
    account = register(office.database, office.world.now)
    token = mailed_link(office.database, office.world.keys, account, links.ACTIVATE, office.world.now)
    client = TestClient(
        office.app(ADDRESS),
        ADDRESS,
        follow_redirects=False,
    )
    tried = 0
    forged = [{name: value} for name, values in FORGED.items() for value in values]
    forged += [first | second for first, second in itertools.combinations(forged, 2) if first.keys() != second.keys()]
    for headers in forged:
        for path in (f"/activate/{token}", "/reset/1-x", "/nowhere/", "/static"):
            answer = client.get(path, headers=headers)
            assert "evil" not in answer.text + str(answer.headers)
            tried += 1
    answer = client.post(f"/activate/{token}", headers={"Host": "evil.example.org", "X-Forwarded-Host": "evil"})
    assert answer.status_code == 200
    with office.database.reading() as session:
        renderer = Renderer(library, office.world.keys, ADDRESS, SENDER)
        owed = [(Letter.from_payload(each.payload), each) for each in session.query(Owed)]
        mails = [renderer.mail(session, letter, each.id, each.created_at) for letter, each in owed]
    assert mails
    parts = [part.get_content() for mail in mails for part in mail.walk() if part.get_content_maintype() == "text"]
    assert len(parts) == 2 * len(mails)
    addresses = {found for part in parts for found in re.findall(r"https?://[^/\s\"<]+", part)}
    measured("poisoned host", f"{tried} requests with forged hosts: 0 changed links or pages")
    assert not [each for each in addresses if "evil" in each]


async def test_no_broken_line_in_any_field_adds_a_header_or_a_recipient(world: World, measured: Measured) -> None:
    language, database = library().language("en"), world.database()
    renderer = Renderer(library, world.keys, ADDRESS, SENDER)
    moment = world.now.isoformat()
    tried = refused = 0
    async with serving(MailHost()) as host:
        server = MailServer(host.url)
        plain = {"first_name": "Dana", "username": "danalee1", "asked_on": moment, "address": "dana@example.org"}
        for key in ("username_reminder", "no_account", "account_activated", "password_changed", "already_active"):
            assert key in language.letters
            for field, break_ in itertools.product(("first_name", "username", "address"), BREAKS):
                evil = f"Dana{break_}Bcc: thief@example.org{break_}{break_}.{break_}RCPT TO:<thief@example.org>"
                letter = Letter(key, "dana@example.org", "en", {**plain, field: evil})
                tried += 1
                with database.reading() as session:
                    try:
                        mail = renderer.mail(session, letter, tried, world.now)
                    except ValueError:
                        refused += 1
                        continue
                if tried % 6 == 0:
                    await asyncio.wait_for(server.hand_in(mail), 10)
                assert mail.get_all("To") == ["dana@example.org"]
                assert not {"Bcc", "Cc"} & set(mail.keys())
    measured("letters", f"{tried} letters with broken lines: 0 added headers or recipients ({refused} refused)")
    assert host.envelopes
    assert {tuple(envelope.rcpt_tos) for envelope in host.envelopes} == {("dana@example.org",)}
    assert not [mail for mail in host.mails if {"Bcc", "Cc"} & set(mail.keys())]


def test_no_account_takes_a_broken_line_in_any_field(world: World) -> None:
    given = {"username": "danalee2", "first_name": "Dana", "last_name": "Lee", "email": "dana2@example.org"}
    for field, break_ in itertools.product((*given, "protection_phrase"), BREAKS[:10]):
        evil = f"dana2@example.org{break_}Bcc: thief@example.org"
        with world.database().transaction() as session, pytest.raises(AccountRefused):
            accounts.register(session, world.now, **{"protection_phrase": "", **given, field: evil})


def test_look_alike_addresses_are_never_written_to_about_the_account(world: World, measured: Measured) -> None:
    database, sent = world.database(), []
    with database.reading() as session:
        stored = {account.email for account in session.query(Account)}
    for number, typed in enumerate(LOOK_ALIKES):
        now = world.now.replace(day=17 + number // 3 % 10, hour=number % 24)
        chat = CoreChat(database, world.keys, now, str(number))
        challenge = chat.does(verification.issue, "characters", recovery.RESET_PASSWORD, typed)
        assert chat.does(verification.answer, challenge, verification.shown(world.keys, "characters", challenge))
        chat.does(recovery.start_reset, typed, Proof(challenge, "characters", "proof"))
        with database.transaction() as session:
            for each in resolution.waiting(session, now):
                resolution.resolve(session, world.keys, each.id, now)
            sent = [Letter.from_payload(each.payload) for each in session.query(Owed)]
    about = [letter for letter in sent if letter.key != "no_account"]
    others = [letter for letter in sent if letter.key == "no_account"]
    measured("letters", f"{len(LOOK_ALIKES)} look-alike addresses: {len(about)} letters, all to the stored address")
    assert {letter.to for letter in about} <= stored
    assert not {letter.to.casefold() for letter in others} & stored
    assert all("danalee1" not in str(letter.fields) or letter.to == "danalee1@example.org" for letter in others)
    assert not [letter for letter in sent if "thief" in letter.to or "," in letter.to]
