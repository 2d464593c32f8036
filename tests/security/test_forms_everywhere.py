"""Every address of the site: forged forms, frames, planted cookies, walked numbers, and who of staff may open what."""

import re

import pytest
from playwright.async_api import Browser as Chromium
from sqlalchemy import select, update

from bot.pages.door import ACCOUNT_COOKIE
from core import account_sessions, links
from core.roles import Duty
from core.tables import Account, AccountSession, Base, Challenge, Ticket
from tests.browser import page
from tests.desk.office import Person, ask_for_person
from tests.desk.visitors import PASSWORD
from tests.pages.test_accounts_and_strangers import hashed as account_password_hash
from tests.people import mailed_link
from tests.security.figures import Measured
from tests.security.payloads import NEW_ACCOUNT
from tests.security.site import Browser, Site, serving
from tests.security.test_scripts_everywhere import served, staged
from tests.world import Chat, World, converse

# What changes with every request, whoever sends it: budgets, and what a browser was shown.
SHOWN = ("budgets", "challenges", "conversations")
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FIELDS = {
    **NEW_ACCOUNT,
    "identifier": "danalee1",
    "current": "Blue4Heron",
    "confirmation": "Blue4Heron",
    "text": "forged text",
    "key": "a key of nobody",
    "name": "Mallory",
    "role": "admin",
    "case": "1",
    "why": "forged",
    "action": "reset_password",
}
OTHERS = ({"Origin": "https://evil.example.org"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"})


def state(site: Site) -> dict[str, list[object]]:
    """Return every row that tells of somebody's doing."""
    with site.database.reading() as session:
        return {
            table.name: list(session.execute(select(table)).all())
            for table in Base.metadata.sorted_tables
            if table.name not in SHOWN
        }


def filled(path: str, site: Site, number: int) -> str:
    """Return an address with its parameters filled in: of what is there, and a live link."""
    with site.database.transaction() as session:
        account = session.scalars(select(Account).where(Account.username == "omarwash")).one()
        active = session.scalars(select(Account).where(Account.username == "danalee1")).one()
    token = "1-x"
    if path.startswith(("/activate", "/reset")):
        purpose = links.ACTIVATE if path.startswith("/activate") else links.RESET
        whose = account if purpose == links.ACTIVATE else active
        token = mailed_link(site.database, site.world.keys, whose, purpose, site.world.now)
    for name, value in (
        ("number", str(number)),
        ("token", token),
        ("message", "1"),
        ("lesson", "1"),
        ("challenge", "1"),
    ):
        path = re.sub(rf"{{{name}(:int)?}}", value, path)
    return path


async def test_no_form_of_any_part_is_taken_without_its_token_or_from_another_site(
    world: World, measured: Measured
) -> None:
    with serving(world) as site:
        stage = await staged(site)
        paths = [path for path, methods in site.paths.items() if "POST" in methods]
        assert {"/", "/chat/leave", "/account/create", "/account/password", "/stop/{token}", "/desk/staff/add"} < set(
            paths
        )
        asked = {path: filled(path, site, stage.number) for path in paths}
        for browser, path in ((stage.owner, "/account/profile"), (stage.chat, "/"), (stage.staff, "/desk")):
            browser.gets(path)
        own = {"/account": stage.owner, "/desk": stage.staff, "/": stage.chat}
        before, sent = state(site), 0
        for path, there in asked.items():
            browser = next(each for begin, each in own.items() if path.startswith(begin))
            token = browser.csrf or "0" * 32
            foreign = [(FIELDS | {"csrf": token}, each) for each in OTHERS]
            if path.startswith(("/activate", "/reset", "/email", "/stop", "/prove", "/desk/password")):
                forged = foreign  # the token in the address is what counts; another site cannot know it
            elif path in {"/desk/sign-in", "/account/check/username", "/account/check/password"}:
                forged = foreign  # nobody is signed in yet, and what is checked changes nothing
            else:
                forged = [(FIELDS, {}), (FIELDS | {"csrf": "0" * 32}, {}), (FIELDS | {"csrf": "é"}, {}), *foreign]
            for form, headers in forged:
                text = browser.text
                answer = browser.posts(there, form, **headers)
                nothing_to_do = {303} if path in {"/account/sent", "/account/sign-in"} else set()
                assert answer.status_code in {400, 401, 403} | nothing_to_do, (path, headers, answer.status_code)
                browser.text = text
                sent += 1
        measured("pages: forged forms", f"all parts: {sent} forged posts to {len(paths)} forms: 0 changes")
        assert state(site) == before


async def test_every_address_answers_with_every_header_to_everybody(world: World, measured: Measured) -> None:
    with serving(world, "https://bot.example.org") as site:
        world.account("person0001", "person0001@example.org")
        number = await ask_for_person(Person(world))
        browser, answers = site.browser(), 0
        for path in site.paths:
            if path.endswith("/live"):
                continue
            for method in ("GET", "POST", "HEAD"):
                headers = browser.asks(method, filled(path, site, number)).headers
                assert headers.items() >= {(name.lower(), value) for name, value in HEADERS.items()}, path
                policy = headers["Content-Security-Policy"]
                assert "frame-ancestors 'none'" in policy, path
                assert "default-src 'none'" in policy, path
                assert "unsafe" not in policy, path
                assert "Strict-Transport-Security" in headers, path
                assert re.search("no-store|private", headers["Cache-Control"]), path
                answers += 1
        given = list(browser.cookies.jar)
        assert given
        assert all(each.secure and each.has_nonstandard_attr("HttpOnly") for each in given), "a cookie for scripts"
    measured("pages: headers", f"{answers} answers of {len(site.paths)} addresses: every header on each")


def owner_of(site: Site, username: str = "danalee1") -> Browser:
    """Return the browser of somebody who is signed in."""
    browser = site.browser()
    with site.database.transaction() as session:
        account = session.scalars(select(Account).where(Account.username == username)).one()
        token = account_sessions.begin(session, account, site.world.now)
    browser.cookies.set(ACCOUNT_COOKIE, token, domain="127.0.0.1", path="/account")
    return browser


def test_a_session_or_a_chat_that_was_planted_is_nobodys_after(world: World, measured: Measured) -> None:
    with serving(world) as site:
        with site.database.transaction() as session:
            session.execute(update(Account).values(password_hash=account_password_hash()))
        world.account("mallory1", "mallory@example.org")
        attacker = owner_of(site, "mallory1")
        planted = next(each.value for each in attacker.cookies.jar if each.name == ACCOUNT_COOKIE)
        for value in (planted, "planted", "x" * 43):
            victim = site.browser("198.51.100.9")
            victim.cookies.set(ACCOUNT_COOKIE, value or "", domain="127.0.0.1", path="/account")
            victim.cookies.set("visitor", "v" * 43, domain="127.0.0.1", path="/account")
            victim.gets("/account/sign-out")
            victim.gets("/account/sign-in")
            victim.sends("/account/sign-out", {})
            victim.sends("/account/sign-in", {"username": "danalee1"})
            victim.sends("/account/sign-in/password", {"username": "danalee1", "password": NEW_ACCOUNT["password"]})
            assert "Dana Example" in victim.text
            fresh = {each.value for each in victim.cookies.jar if each.name == ACCOUNT_COOKIE}
            assert value not in fresh
            attacker.cookies.set(ACCOUNT_COOKIE, value or "", domain="127.0.0.1", path="/account")
            assert "danalee1" not in attacker.gets("/account").text
        with site.database.reading() as session:
            kept = str(session.scalars(select(AccountSession.token_hash)).all())
        assert not [each for each in fresh if (each or "") in kept]
    measured("pages: session fixation", "account pages: 0 of 3 planted sessions valid after sign-in")


def test_a_chats_cookie_is_one_that_no_other_host_can_plant(world: World) -> None:
    with serving(world, "https://bot.example.org") as site:
        browser = site.browser()
        browser.gets("/")
        (cookie,) = browser.cookies.jar
        assert (cookie.name, cookie.secure, cookie.path) == ("__Host-chat", True, "/")
        planted = site.browser()
        planted.cookies.set("chat", cookie.value or "", domain="bot.example.org", path="/")
        planted.gets("/")
        assert {each.value for each in planted.cookies.jar if each.name == "__Host-chat"} != {cookie.value}


@pytest.mark.parametrize("numbers", [60, pytest.param(10_000, marks=pytest.mark.prove)])
async def test_who_walks_the_numbers_of_tickets_pictures_lines_and_cases_sees_nothing(
    world: World, measured: Measured, numbers: int
) -> None:
    with serving(world) as site:
        stage = await staged(site)
        stage.infect("The canary of a ticket")
        victim = Chat(world, "victim")
        await converse(victim, [("recover my username", ""), ("dana@example.org", "<characters>")])
        picture = world.rows(Challenge)[-1]
        stranger, seen = site.browser("192.0.2.77"), 0
        stranger.gets("/")
        stranger.says("hello")
        stranger.gets("/account/recover")
        ways = [f"/desk/tickets/{{}}{more}" for more in ("", "/mailbox", "/teach")]
        ways += (
            "/desk/improve/asked/{}",
            "/chat/picture/{}",
            "/chat/sound/{}",
            "/?before={}",
            "/account/verification.png?challenge={}",
        )
        for number in range(1, numbers + 1):
            way = ways[number % len(ways)]
            place = number // len(ways) + (1001 if "tickets" in way else 1)
            answer = stranger.gets(way.format(place))
            is_ours = way.startswith("/?")
            seen += "canary" in answer.text or (answer.status_code not in {303, 404} and not is_ours)
        for way in ways:
            for place in (stage.number, picture.id, stage.case, 2**31, 2**63, 10**30):
                answer = stranger.gets(way.format(place))
                seen += "canary" in answer.text or answer.status_code == 500
        told = [
            str(stranger.says(f"/status {stage.number}").bubbles),
            str(stranger.says(f"ticket {stage.number}").bubbles),
        ]
    measured("pages: ticket numbers walked", f"web chat, account pages and desk: {numbers} addresses: {seen} shown")
    assert seen == 0
    assert not any("canary" in each for each in told)


async def test_each_role_opens_and_sends_what_its_duties_are_and_nothing_else(world: World, measured: Measured) -> None:
    with serving(world) as site:
        stage = await staged(site)
        duties = {"/desk/staff": Duty.MANAGE_STAFF, "/desk/tickets/{number:int}/lessons": Duty.EDIT_KNOWLEDGE}
        limited = [path for path in site.paths if path.startswith(tuple(duties))]
        with site.database.transaction() as session:
            session.execute(update(Ticket).values(state="resolved"))
        ben = site.browser("198.51.100.44")
        ben.gets("/desk/sign-in")
        ben.sends("/desk/sign-in", {"name": "Ben", "password": PASSWORD})
        assert "Sign out" in ben.text
        before, tried, text = state(site), 0, ben.text
        for path in limited:
            for method in site.paths[path] & {"GET", "POST"}:
                ben.text = text
                form = FIELDS | {"csrf": ben.csrf} if method == "POST" else None
                answer = ben.asks(method, filled(path, site, stage.number), form)
                assert answer.status_code == 403, path
                tried += 1
        assert state(site) == before
    measured("staff", f"an agent at {tried} pages and forms of editors and admins: 0 shown, 0 changes")


@pytest.mark.prove
@pytest.mark.asyncio(loop_scope="session")
async def test_no_page_of_any_part_can_be_framed_in_a_real_browser(
    world: World, chromium: Chromium, measured: Measured
) -> None:
    with serving(world) as site:
        await staged(site)
        paths = (
            "/",
            "/account/sign-in",
            "/account/create",
            "/account/recover/password",
            "/reset/1-x",
            "/stop/1-x",
            "/desk",
        )
        async with served(site) as address, page(chromium, address) as browser:
            framed = set()
            for path in paths:
                await browser.goto("about:blank")
                await browser.set_content(f"<iframe src='{address}{path}'></iframe>")
                await browser.wait_for_timeout(400)
                framed |= {frame.url for frame in browser.frames[1:]}
    measured("pages: framing", f"a real browser shows {framed} in frames of {len(paths)} pages")
    assert framed == {"chrome-error://chromewebdata/"}
