"""Scripts in what people type: in no field of the account pages, the chat or the desk's newer pages does one run."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from playwright.async_api import Browser as Chromium
from sqlalchemy import select, update

from bot.pages.door import ACCOUNT_COOKIE
from bot.web.server import server
from core import account_sessions, links, lost_mailboxes, mailbox_links, rules
from core.tables import Account, Conversation, LostMailbox, Message, Staff, Ticket, TicketEvent
from tests.browser import page
from tests.desk.office import Person, ask_for_person
from tests.desk.test_lost_mailboxes import CLAIM, DAY
from tests.desk.visitors import PASSWORD, give_password
from tests.people import mailed_link
from tests.security.figures import Measured
from tests.security.payloads import FOREIGN, NEW_ACCOUNT, PAYLOADS, Elements
from tests.security.site import Browser, Site, serving
from tests.world import World

ACCOUNT_PAGES = ("/account", "/account/profile", "/account/email", "/account/password")


@dataclass
class Stage:
    """A site with a ticket, a case of a lost mailbox, a chat on the web, an owner and staff who are signed in."""

    site: Site
    number: int
    owner: Browser
    chat: Browser
    staff: Browser
    account: int
    case: int

    @property
    def desk_pages(self) -> Sequence[str]:
        """Everything that staff open."""
        ticket = f"/desk/tickets/{self.number}"
        more = (f"{ticket}/mailbox", f"{ticket}/teach", "/desk/mailboxes", "/desk/staff", "/desk/improve")
        return (ticket, "/desk", *more, f"/desk/improve/asked/{self.asked}")

    @property
    def asked(self) -> int:
        """What somebody asked, as the pages for improving name it."""
        return max(each.id for each in self.site.world.rows(Message) if each.author == "person")

    def infect(self, payload: str) -> list[str]:
        """Put the payload into everything that people or staff have written; return the paths of mailed links."""
        world, database = self.site.world, self.site.database
        fields = {"username": payload, "first_name": payload, "last_name": payload, "protection_phrase": payload}
        shown = {"stamp": "s1", "buttons": [[payload, payload]], "picture": None}
        with database.transaction() as session:
            session.execute(update(Account).where(Account.id == self.account).values(**fields))
            session.execute(update(TicketEvent).values(text=payload))
            facts = ("subject", "happened", "tried", "telephone", "hours")
            session.execute(update(Ticket).values(dict.fromkeys(facts, payload)))
            written = dict.fromkeys(("reason", "checked", "ended_why", "new_email", "old_email"), payload)
            session.execute(update(LostMailbox).values(written))
            session.execute(update(Staff).where(Staff.name_key == "cem").values(name=payload))
            session.execute(update(Message).values(text=payload, meaning="unknown"))
            session.execute(update(Message).where(Message.author == "bot").values(shown=shown))
            web = session.scalars(select(Conversation).where(Conversation.channel == "web")).one()
            web.state = {**web.state, "stamp": "s1"}
            account = session.get_one(Account, self.account)
            link = links.issue(session, self.account, links.EMAIL, world.now, email=f"{payload}@example.org")
            links.arm(session, link.id, world.now)
            paths = [f"/email/{links.token(world.keys, link)}"]
        paths += [f"/{each}/{mailed_link(database, world.keys, account, each, world.now)}" for each in (links.RESET,)]
        (case,) = world.rows(LostMailbox)
        both = (mailbox_links.STOP, mailbox_links.PROVE)
        paths += [f"/{each}/{mailbox_links.token(world.keys, each, case)}" for each in both]
        return [*paths, f"/stop/{quote(payload, safe='')}", f"/?continue={quote(payload)}"]

    def pages(self, payload: str, links_: Sequence[str]) -> list[str]:
        """Return every page on which the payload may stand, whether it was kept or is typed now."""
        stranger = self.site.browser()
        texts = [stranger.gets(path).text for path in links_]
        texts += [self.owner.gets(path).text for path in ACCOUNT_PAGES]
        texts.append(
            self.owner.sends("/account/profile", {"first_name": payload, "last_name": payload, "phrase": ""}).text
        )
        texts.append(
            self.owner.sends("/account/email", {"email": payload, "email_again": payload, "current": "x"}).text
        )
        texts += [self.staff.gets(path).text for path in self.desk_pages]
        texts.append(self.chat.gets("/").text)
        typed = self.chat.posts("/", {"text": payload, "csrf": "x", "key": "x"})
        texts.append(typed.text)
        stranger.gets("/account/create")
        texts.append(stranger.sends("/account/create", dict.fromkeys(NEW_ACCOUNT, payload)).text)
        stranger.gets("/account/sign-in")
        texts.append(stranger.sends("/account/sign-in", {"username": payload[:200]}).text)
        stranger.gets("/account/recover/password")
        texts.append(stranger.sends("/account/recover/password", {"identifier": payload}).text)
        return texts


async def staged(site: Site) -> Stage:
    """Return the stage, with somebody in each place."""
    world, office = site.world, site.office
    for name in ("Ana", "Ben", "Cem"):
        give_password(office, office.hire(name))
    world.later(2 * DAY)
    number = await ask_for_person(Person(world))
    office.writes(office.members["Ana"], number, "A reply")
    chat = site.browser("198.51.100.3")
    chat.gets("/")
    chat.says("qwertz uiop")
    staff = site.browser("198.51.100.4")
    staff.gets("/desk/sign-in")
    staff.sends("/desk/sign-in", {"name": "Ana", "password": PASSWORD})
    staff.gets(f"/desk/tickets/{number}/mailbox")
    staff.sends(f"/desk/tickets/{number}/mailbox/opening", CLAIM)
    assert "Opened" in staff.text
    (case,) = world.rows(LostMailbox)
    with office.desk.work(office.members["Ben"]) as desk:
        lost_mailboxes.approve(desk, number - 1000, case.id)
    office.desk.resolve(office.members["Ana"], number - 1000)
    world.later(1)
    staff.gets("/desk")
    owner = site.browser("198.51.100.5")
    with site.database.transaction() as session:
        account = session.scalars(select(Account).where(Account.username == "danalee1")).one()
        token = account_sessions.begin(session, account, world.now)
    owner.cookies.set(ACCOUNT_COOKIE, token, domain="127.0.0.1", path="/account")
    assert "Dana Example" in owner.gets("/account").text
    return Stage(site, number, owner, chat, staff, account.id, case.id)


@pytest.mark.parametrize("every", [40, pytest.param(1, marks=pytest.mark.prove)])
async def test_no_payload_in_any_field_of_any_page_becomes_an_element(
    world: World, measured: Measured, every: int
) -> None:
    with serving(world) as site:
        stage = await staged(site)
        pages = echoed = 0
        for payload in PAYLOADS[::every]:
            for text in stage.pages(payload, stage.infect(payload)):
                assert Elements(text).foreign == [], payload
                pages += 1
                echoed += "window.hit" in text
            world.later(rules.SESSION_IDLE_MINUTES / 1000)
    measured("pages: scripts", f"{len(PAYLOADS[::every])} payloads in {pages} pages of all parts: 0 became an element")
    assert echoed > 10 * len(PAYLOADS[::every])


@asynccontextmanager
async def served(site: Site) -> AsyncIterator[str]:
    """Serve the site on loopback, for real browsers; yield its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    running = server(site.app, "127.0.0.1", 0)
    serving_ = asyncio.create_task(running.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        running.should_exit = True
        await serving_


@pytest.mark.prove
@pytest.mark.asyncio(loop_scope="session")
async def test_two_hundred_payloads_run_nothing_in_a_real_browser_on_account_pages_chat_and_desk(
    world: World, chromium: Chromium, measured: Measured
) -> None:
    with serving(world) as site:
        stage = await staged(site)
        async with served(site) as address, page(chromium, address) as browser:
            cookies = [each for who in (stage.owner, stage.chat, stage.staff) for each in who.cookies.jar]
            await browser.context.add_cookies(
                [{"name": each.name, "value": each.value or "", "url": address + each.path} for each in cookies]
            )
            pages = 0
            for payload in PAYLOADS:
                for path in (*stage.infect(payload), *ACCOUNT_PAGES, "/", *stage.desk_pages[:5]):
                    await browser.goto(path)
                    assert await browser.evaluate("window.hit") is None, (path, payload)
                    assert await browser.locator(FOREIGN).count() == 0, (path, payload)
                    pages += 1
    measured("pages: scripts", f"{len(PAYLOADS)} payloads in {pages} pages of all parts in a real browser: 0 ran")
