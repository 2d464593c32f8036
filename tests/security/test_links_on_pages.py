"""Links and codes of pages and chats: scanners burn none, forged hosts change none, used or late they are nothing."""

import itertools
import logging
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.delivery.rendering import Renderer
from core import links, mailbox_links, mailbox_stops, rules, verification
from core.letters import Letter
from core.refusals import LinkRefused
from core.tables import Account, Challenge, LostMailbox
from tests.core.desks import DAY, Desks
from tests.databases import ON_BOTH
from tests.people import mailed_link, register
from tests.security.figures import Measured
from tests.security.payloads import NEW_ACCOUNT
from tests.security.site import Browser, Site, serving
from tests.security.test_links_and_letters import BREAKS, FORGED, LOOK_ALIKES
from tests.world import ADDRESS, SENDER, Chat, World, converse, library

METHODS = ("GET", "HEAD", "OPTIONS")
EVERY = pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.prove)])
NEW_PASSWORD = {"password": "Heron2026x", "confirmation": "Heron2026x"}


def link_of(site: Site, what: str) -> str:
    """Return the path of a live link of an account made for it."""
    keys, now = site.world.keys, site.world.now
    purpose = next(each for each in (links.ACTIVATE, links.RESET, links.EMAIL) if each == what)
    account = register(site.database, now, f"{purpose}er1", active=purpose != links.ACTIVATE)
    if purpose != links.EMAIL:
        return f"/{purpose}/{mailed_link(site.database, keys, account, purpose, now)}"
    with site.database.transaction() as session:
        link = links.issue(session, account.id, links.EMAIL, now, email="new@example.org")
        links.arm(session, link.id, now)
        return f"/email/{links.token(keys, link)}"


def case_link(site: Site, purpose: str) -> str:
    """Return the path of a link of a lost mailbox's case: the owner's, or the new mailbox's."""
    desks = Desks(site.database, site.world.keys, site.world.now)
    assert (desks.opens(), desks.approves()) == ("", "")
    which = mailbox_links.STOP if purpose == "stop" else mailbox_links.PROVE
    return f"/{purpose}/{mailbox_links.token(site.world.keys, which, desks.case)}"


@pytest.mark.parametrize("what", ["activate", "reset", "email", "stop", "prove"])
def test_twenty_scans_of_a_link_use_it_not_and_the_persons_button_does(
    world: World, measured: Measured, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.handler.setLevel(logging.DEBUG)
    with serving(world) as site:
        path = case_link(site, what) if what in {"stop", "prove"} else link_of(site, what)
        scanner, person = site.browser("198.51.100.77"), site.browser()
        scans = [scanner.asks(method, path) for _ in range(20) for method in METHODS]
        assert {each.status_code for each in scans} <= {200, 405}
        person.gets(path)
        answer = person.posts(path, NEW_PASSWORD if what == "reset" else {})
        assert answer.status_code == 200
        again = person.posts(path, NEW_PASSWORD if what == "reset" else {})
        token = path.rpartition("/")[2]
        left = [record for record in caplog.records if record.name != "httpx2" and token in record.getMessage()]
    measured(
        "link scanners", f"/{what}/: {len(scans)} GET, HEAD and OPTIONS, then the POST succeeds; {len(left)} in logs"
    )
    assert again.text != answer.text or what == "prove", "it was good twice"
    assert left == []
    assert not [each for each in [*scans, answer, again] if token in str(each.headers)]


async def test_a_link_with_a_code_to_continue_changes_nothing_when_it_is_opened(
    world: World, chat: Chat, measured: Measured
) -> None:
    await converse(chat, [("recover my username", ""), ("/continue", "<continuation>")])
    code = continuation(world)
    with serving(world) as site:
        scanner = site.browser()
        scans = [scanner.asks(method, f"/?continue={code}") for _ in range(20) for method in METHODS]
        assert {each.status_code for each in scans} <= {200, 405}
        assert all(row.consumed_at is None for row in world.rows(Challenge))
        person = site.browser()
        person.gets("/")
        assert "goes on here" in str(person.says(f"/continue {code}").bubbles)
    measured("link scanners", f"/?continue=: {len(scans)} GET, HEAD and OPTIONS, then the person's message succeeds")


def continuation(world: World) -> str:
    """Return the code to continue that was shown last."""
    newest = world.rows(Challenge)[-1]
    return verification.shown(world.keys, newest.kind, verification.reference(newest))


@ON_BOTH
async def test_g4_used_late_superseded_and_ones_own_codes_to_continue_are_refused_alike(
    world: World, measured: Measured
) -> None:
    owner = Chat(world, "owner")
    refused: set[str] = set()
    tried = 0

    async def is_taken(code: str) -> bool:
        nonlocal tried
        tried += 1
        heard = (await Chat(world, f"other {tried}").says(code)).partition("\n")[0]
        if "goes on here" not in heard:
            refused.add(heard)
        return "goes on here" in heard

    async def code() -> str:
        await owner.says("/continue")
        return continuation(world)

    older = await code()
    newer = await code()
    assert not await is_taken(older)
    assert not await is_taken(newer[:-1] + ("3" if newer[-1] != "3" else "4"))
    assert not await is_taken(f"999{newer[newer.index('-') :]}")
    own = (await owner.says(newer)).partition("\n")[0]
    assert await is_taken(newer)
    assert not await is_taken(newer)
    late = await code()
    world.later(rules.CONTINUE_MINUTES)
    assert not await is_taken(late)
    refused.add(own)
    kind = world.database().url.get_backend_name()
    measured("replay", f"{kind}: 0 of {tried} used, late, superseded and guessed codes to continue accepted")
    assert len(refused) == 1, refused


@ON_BOTH
def test_g4_used_late_and_misdirected_links_of_addresses_are_refused_alike(world: World, measured: Measured) -> None:
    database, keys = world.database(), world.keys
    account = register(database, world.now, "linkuser", active=True)
    refused = 0

    def issued(email: str) -> str:
        with database.transaction() as session:
            link = links.issue(session, account.id, links.EMAIL, world.now, email=email)
            links.arm(session, link.id, world.now)
            return links.token(keys, link)

    def uses(token: str, after: timedelta = timedelta()) -> bool:
        nonlocal refused
        with database.transaction() as session:
            try:
                return links.use_to_change_email(session, keys, token, world.now + after).changed
            except LinkRefused:
                refused += 1
                return False

    day = timedelta(hours=rules.EMAIL_LINK_HOURS)
    first, second = issued("one@example.org"), issued("two@example.org")
    reset = mailed_link(database, keys, account, links.RESET, world.now)
    assert not any(map(uses, (reset, first.swapcase(), f"{first}x", first[:-1], "", "1-")))
    assert not uses(first, day)
    assert uses(second, day - timedelta(seconds=1))
    assert not any(map(uses, (first, second)))
    desks = Desks(database, keys, world.now)
    assert (desks.opens(), desks.approves()) == ("", "")
    stop, other = desks.token, mailed_link(database, keys, account, links.ACTIVATE, world.now)
    for token in (other, stop.swapcase(), f"{stop}x", stop[:-1], "", "1-"):
        with database.transaction() as session, pytest.raises(LinkRefused):
            mailbox_stops.stop(session, keys, token, world.now)
        refused += 1
    assert desks.case.state == "approved"
    assert desks.proves()
    desks.delivers()
    desks.now += DAY
    assert desks.works() == ["done"]
    assert desks.stops(stop) == "done", "too late is told, and changes nothing"
    assert desks.email == "ann@new.example.org"
    measured("replay", f"{database.url.get_backend_name()}: 0 of {refused} replayed links of addresses accepted")


async def test_no_forged_host_changes_a_letter_that_a_form_brings(world: World, measured: Measured) -> None:
    forged = [{name: value} for name, values in FORGED.items() for value in values]
    forged += [a | b for a, b in itertools.combinations(forged, 2) if a.keys() != b.keys()][::7]
    with serving(world) as site:
        asked = tried = 0
        for place, headers in enumerate(forged):
            browser = site.browser(f"203.0.113.{place}")
            for path in ("/", "/account/recover/password", "/account/sign-in", "/account/create", "/account", "/desk"):
                answer = browser.asks("GET", path, headers=headers)
                assert "evil" not in answer.text + str(answer.headers)
                tried += 1
            browser.gets("/account/recover/password")
            form = {"csrf": browser.csrf, "identifier": f"person{place:04}", "characters": browser.characters}
            world.account(f"person{place:04}", f"person{place:04}@example.org")
            answer = browser.asks("POST", "/account/recover/password", form, headers)
            assert "evil" not in answer.text + str(answer.headers)
            asked += answer.status_code == 303
        assert "evil" not in browser.text
    await world.work()
    addresses = {found for each in world.letterbox.letters for found in re.findall(r"https?://[^/\s)]+", each.body)}
    measured("poisoned host", f"account pages, {tried} requests and {asked} forms: 0 changed links or pages")
    assert asked > len(forged) / 2
    assert len(world.letterbox.letters) == asked
    assert {each for each in addresses if "cers" not in each} == {ADDRESS}


@EVERY
def test_no_broken_line_in_any_field_of_any_letter_adds_a_header_or_a_recipient(
    world: World, measured: Measured, every: int
) -> None:
    language, database, tried, refused = library().language("en"), world.database(), 0, 0
    renderer = Renderer(library, world.keys, ADDRESS, SENDER)
    plain = {"asked_on": world.now.isoformat(), "deadline": world.now.isoformat(), "address": "dana@example.org"}
    names = (
        "first_name",
        "username",
        "address",
        "new_address",
        "new_email",
        "old_email",
        "reference",
        "text",
        "number",
    )
    for key in sorted(language.letters):
        for field, break_ in itertools.product(names, BREAKS[::every]):
            evil = f"Dana{break_}Bcc: thief@example.org{break_}{break_}.{break_}RCPT TO:<thief@example.org>"
            fields = {**dict.fromkeys(names, "Dana"), **plain, field: evil}
            tried += 1
            with database.reading() as session:
                try:
                    mail = renderer.mail(session, Letter(key, "dana@example.org", "en", fields), tried, world.now)
                except (ValueError, KeyError):
                    refused += 1
                    continue
            assert mail.get_all("To") == ["dana@example.org"]
            assert not {"Bcc", "Cc"} & set(mail.keys())
    measured(
        "letters",
        f"{tried} of all {len(language.letters)} letters with broken lines: 0 added headers ({refused} refused)",
    )
    assert tried - refused > tried / 3


@EVERY
async def test_no_form_takes_a_broken_line_and_look_alikes_get_no_letter_about_an_account(
    world: World, measured: Measured, every: int
) -> None:
    with serving(world) as site:
        sent = 0
        typed_all = [*LOOK_ALIKES, *(f"dana@example.org{each}Bcc: thief@example.org" for each in BREAKS)]
        for place, typed in enumerate(typed_all[::every]):
            for what in ("password", "username", "activation"):
                browser = site.browser(f"203.0.113.{place}")
                browser.gets(f"/account/recover/{what}")
                browser.sends(f"/account/recover/{what}", {"identifier": typed})
                sent += browser.status == 200
            registers(site, place, typed)
            world.later(60)
        await world.work()
        with site.database.reading() as session:
            stored = {each.email.casefold() for each in session.scalars(select(Account))}
            cases = session.scalars(select(LostMailbox)).all()
    about = [each for each in world.letterbox.letters if "danalee1" in each.body]
    measured(
        "letters", f"account pages: {len(about)} letters about an account for look-alikes, all to the stored address"
    )
    assert {each.to for each in about} <= {"dana@example.org", "danalee1@example.org"} & stored
    others = [each for each in world.letterbox.letters if each.to not in stored]
    assert not [each for each in others if "," in each.to or re.search("danalee1|/reset/|/stop/", each.body)]
    assert not cases


def registers(site: Site, place: int, typed: str) -> Browser:
    """Let somebody type an address into the form of a new account."""
    browser = site.browser(f"198.51.100.{place}")
    browser.gets("/account/create")
    browser.sends(
        "/account/create", NEW_ACCOUNT | {"username": f"newbie{place:03}", "email": typed, "email_again": typed}
    )
    return browser
