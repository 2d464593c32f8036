"""The desk's and the links' pages under attack: scripts, forged forms, frames, planted sessions, walked numbers."""

from urllib.parse import quote

import pytest
from jinja2 import Environment
from playwright.async_api import Browser
from sqlalchemy import select
from starlette.testclient import TestClient

from bot.desk import pages as desk_pages
from bot.desk.live import Hub
from bot.desk.site import DeskSite
from core.database import Database
from core.staff import Member
from core.tables import Account, Base, Message, Ticket, TicketEvent
from tests.browser import page
from tests.desk import browser as real
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.visitors import Visitor, give_password
from tests.people import mailed_link, register
from tests.security.figures import Measured
from tests.security.payloads import FOREIGN, PAYLOADS, Elements
from tests.world import ADDRESS

FORMS = (
    *("reply", "note", "take", "hand-over", "subject", "step", "wait", "escalate", "resolve", "reopen", "start"),
    *("account", "writing"),
)


@pytest.fixture
def staffed(office: Office, ana: Member) -> Office:
    """Return an office with somebody who can sign in."""
    give_password(office, ana)
    return office


@pytest.fixture
def at_desk(staffed: Office) -> Visitor:
    """Return somebody of staff who is signed in."""
    visitor = Visitor(staffed)
    visitor.signs_in("Ana")
    return visitor


def infect(office: Office, ana: Member, payload: str, ticket: int) -> str:
    """Put a payload into every field that a person or staff can fill; return the path of a mailed link."""
    database, now = office.database, office.world.now
    with database.transaction() as session:
        found = session.get_one(Ticket, ticket)
        found.happened = found.tried = found.telephone = found.hours = found.subject = payload
        for line in session.scalars(select(TicketEvent).where(TicketEvent.ticket_id == ticket)):
            line.text = payload
        for author in ("person", "bot", "staff"):
            said = Message(conversation_id=found.conversation_id, at=now, author=author, text=payload, meaning=payload)
            session.add(said)
        account = session.merge(session.scalars(select(Account)).first() or register(database, now))
        account.username = account.first_name = account.last_name = payload
        found.account_id = account.id
    return f"/activate/{mailed_link(database, office.world.keys, account, 'activate', now)}"


async def infected(office: Office, ana: Member, person: Person) -> int:
    """Return a ticket with a line of every kind that people write."""
    number = await ask_for_person(person)
    office.writes(ana, number, "a reply")
    office.desk.note(ana, number - 1000, "a note")
    return number


@pytest.mark.parametrize("every", [8, pytest.param(1, marks=pytest.mark.prove)])
async def test_no_payload_in_any_field_becomes_an_element(
    staffed: Office, at_desk: Visitor, ana: Member, person: Person, measured: Measured, every: int
) -> None:
    number = await infected(staffed, ana, person)
    pages = 0
    for payload in PAYLOADS[::every]:
        link = infect(staffed, ana, payload, number - 1000)
        visited = [
            at_desk.client.get(f"/desk/tickets/{number}"),
            at_desk.client.get(f"/desk/tickets/{number}", params={"find": payload, "insert": payload}),
            at_desk.client.get("/desk", params={"words": payload, "state": payload, "whose": payload}),
            at_desk.client.get("/desk/sign-in", params={"then": payload}),
            at_desk.client.get(link),
            at_desk.client.get(f"/reset/{quote(payload, safe='')}"),
        ]
        at_desk.opens(f"/desk/tickets/{number}")
        at_desk.sends(f"/desk/tickets/{number}/note", text=f"my password is Sunny2Day {payload}")
        texts = [page.text for page in visited] + [at_desk.page]
        pages += len(texts)
        foreign = [each for text in texts for each in Elements(text).foreign]
        assert foreign == [], payload
    measured("pages: scripts", f"{len(PAYLOADS[::every])} payloads in {pages} pages: 0 became an element")


@pytest.mark.prove
@pytest.mark.asyncio(loop_scope="session")
async def test_two_hundred_payloads_in_a_real_browser_run_nothing(
    staffed: Office, ana: Member, person: Person, chromium: Browser, measured: Measured
) -> None:
    number = await infected(staffed, ana, person)
    async with real.served(staffed) as address, page(chromium, address) as browser:
        await real.sign_in(browser, "Ana")
        dialogs: list[str] = []
        browser.on("dialog", lambda dialog: dialogs.append(dialog.message))
        for payload in PAYLOADS:
            link = infect(staffed, ana, payload, number - 1000)
            for path in (f"/desk/tickets/{number}", "/desk", link):
                await browser.goto(path)
                assert await browser.evaluate("window.hit") is None, payload
                assert await browser.locator(FOREIGN).count() == 0, payload
    measured("pages: scripts", f"{len(PAYLOADS)} payloads in a real browser: {len(dialogs)} ran")
    assert dialogs == []


@pytest.mark.prove
@pytest.mark.asyncio(loop_scope="session")
async def test_another_sites_page_can_neither_frame_nor_post(
    staffed: Office, ana: Member, person: Person, chromium: Browser, measured: Measured
) -> None:
    number = await ask_for_person(person)
    async with real.served(staffed) as address, page(chromium, address) as browser:
        await real.sign_in(browser, "Ana")
        await browser.set_content(f"<iframe src='{address}/desk'></iframe>")
        await browser.wait_for_timeout(500)
        framed = [frame.url for frame in browser.frames[1:]]
        await browser.goto("about:blank")
        await browser.set_content(
            f"<form method=post action='{address}/desk/tickets/{number}/note'><input name=text value=forged></form>"
        )
        await browser.evaluate("document.forms[0].submit()")
        await browser.wait_for_load_state()
    measured("pages: framing", f"a real browser shows {framed} in a frame")
    measured("pages: forged forms", "a real browser's form from another page: 0 changes")
    assert framed == ["chrome-error://chromewebdata/"]
    assert staffed.kinds(number) == ["opened"]


def posts(office: Office) -> list[str]:
    """Return the paths of every form of the desk, of a ticket that is there."""
    english = office.desk.library().language("en")
    templates = Environment(autoescape=True)
    site = DeskSite(office.desk, lambda: english, templates, ADDRESS, lambda _: "", str, office.hub.shared)
    routes = desk_pages.routes(site, Hub(office.database, office.world.clock))
    return [
        route.path.replace("{number:int}", "1001").replace("{token}", "1-x").replace("{lesson:int}", "1")
        for route in routes
        if "POST" in (route.methods or ())
    ]


def state(database: Database, *but: str) -> dict[str, list[object]]:
    """Return every row of the database, by table."""
    with database.reading() as session:
        return {
            table.name: list(session.execute(select(table)).all())
            for table in Base.metadata.sorted_tables
            if table.name not in but
        }


async def test_no_form_without_the_sessions_token_or_from_another_site_changes_anything(
    staffed: Office, at_desk: Visitor, person: Person, measured: Measured
) -> None:
    await ask_for_person(person)
    paths = posts(staffed)
    assert {f"/desk/tickets/1001/{form}" for form in FORMS} < set(paths)
    before = state(staffed.database, "budgets")
    other = Visitor(staffed)
    other.signs_in("Ana")
    sent = 0
    own = {"csrf": at_desk._hidden("/desk/sign-out").get("csrf", "")}
    foreign = {"csrf": other._hidden("/desk/sign-out").get("csrf", "")}
    before = state(staffed.database, "budgets")
    fields = {"text": "forged", "action": "reset_password", "identifier": "danalee1", "level": "technical"}
    for path in paths:
        if path in {"/desk/sign-in", "/desk/password/1-x"}:
            continue
        for form, headers in (
            (fields, {}),
            (fields | {"csrf": "0" * 32}, {}),
            (fields | foreign, {}),
            (fields | own, {"Origin": "https://evil.example.org"}),
            (fields | own, {"Sec-Fetch-Site": "cross-site"}),
        ):
            assert at_desk.client.post(path, data=form, headers=headers).status_code == 403, path
            sent += 1
    measured("pages: forged forms", f"{sent} forged posts to {len(paths)} forms: 0 changes")
    assert state(staffed.database, "budgets") == before


def test_a_session_that_was_planted_before_sign_in_is_nobodys_after(staffed: Office, measured: Measured) -> None:
    victim, attacker = Visitor(staffed), Visitor(staffed)
    victim.client.cookies.set("desk", "planted", domain="127.0.0.1", path="/desk")
    victim.opens("/desk/sign-in")
    victim.signs_in("Ana")
    assert victim.cookie != "planted"
    attacker.client.cookies.set("desk", "planted", domain="127.0.0.1", path="/desk")
    attacker.opens("/desk")
    assert attacker.where.startswith("/desk/sign-in")
    staffed.hire("Mallory")
    give_password(staffed, staffed.members["Mallory"])
    attacker.client.cookies.clear()
    attacker.signs_in("Mallory")
    shared = attacker.cookie
    victim.client.cookies.clear()
    victim.client.cookies.set("desk", shared, domain="127.0.0.1", path="/desk")
    victim.signs_in("Ana")
    assert victim.cookie != shared
    assert "Mallory" in attacker.opens("/desk")
    assert "Ana" not in attacker.opens("/desk").partition("Sign out")[0]
    measured("pages: session fixation", "0 planted sessions valid after sign-in")


@pytest.mark.parametrize("numbers", [100, pytest.param(10_000, marks=pytest.mark.prove)])
async def test_who_walks_the_ticket_numbers_sees_nothing(
    staffed: Office, person: Person, measured: Measured, numbers: int
) -> None:
    await ask_for_person(person, "The <b>canary</b> of a ticket")
    visitor = Visitor(staffed)
    seen = sum(
        "canary" in visitor.client.get(f"/desk/tickets/{number}").text
        or visitor.client.get(f"/desk/tickets/{number}").status_code != 303
        for number in range(1001, 1001 + numbers)
    )
    stranger = Person(staffed.world, "stranger")
    told = [await stranger.says(said) for said in ("/status", "1001", "ticket 1001", "status of ticket 1001")]
    measured("pages: ticket numbers walked", f"{numbers} numbers: {seen} shown")
    assert seen == 0
    assert not any("canary" in each for each in told)


@pytest.mark.parametrize("address", [ADDRESS, "https://bot.example.org"])
async def test_every_page_refuses_frames_sniffing_caches_and_referrers(
    staffed: Office, person: Person, measured: Measured, address: str
) -> None:
    await ask_for_person(person)
    account = register(staffed.database, staffed.world.now)
    link = mailed_link(staffed.database, staffed.world.keys, account, "activate", staffed.world.now)
    app = staffed.app(address)
    client = TestClient(app, address, follow_redirects=False, raise_server_exceptions=False)
    paths = ["/healthz", "/static/app.css", "/nowhere", f"/activate/{link}", "/reset/1-x", "/desk", "/desk/sign-in"]
    paths += [*posts(staffed), "/desk/answers", "/desk/tickets/1001", "/static/app.js", "/%00", "/mail"]
    for path in paths:
        for answer in (client.get(path), client.post(path), client.head(path)):
            headers = answer.headers
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
            assert "default-src 'none'" in headers["Content-Security-Policy"], path
            assert "unsafe" not in headers["Content-Security-Policy"], path
            assert headers["X-Frame-Options"] == "DENY", path
            assert headers["X-Content-Type-Options"] == "nosniff", path
            assert headers["Referrer-Policy"] == "no-referrer", path
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin", path
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin", path
            assert headers["Cache-Control"] == "no-store", path
            assert ("Strict-Transport-Security" in headers) is address.startswith("https"), path
            assert "server" not in headers, path
    measured("pages: headers", f"{3 * len(paths)} answers at {address}: every header on each")
