"""Lost mailboxes and staff in a real browser: nothing to stumble over, on a phone, in the dark, by keyboard."""

import pytest
from playwright.async_api import Browser

from core import staff
from core.staff import Member
from tests.browser import check, page
from tests.desk.browser import served, sign_in
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.visitors import give_password

# The browser of all tests lives in one event loop, and so do they.
pytestmark = pytest.mark.asyncio(loop_scope="session")

DAY = 24 * 60


async def test_lost_mailboxes_and_staff_have_nothing_to_stumble_over(
    office: Office, ana: Member, ben: Member, person: Person, chromium: Browser
) -> None:
    give_password(office, ana)
    give_password(office, ben)
    office.world.later(2 * DAY)
    number = await ask_for_person(person, "I no longer have that mailbox")
    path = f"/desk/tickets/{number}/mailbox"
    async with served(office) as address, page(chromium, address) as browser:
        await sign_in(browser, "Ana")
        await browser.goto(path)
        await browser.get_by_label("Username or address").fill("danalee1")
        await browser.get_by_label("New e-mail address").fill("dana@new.example.org")
        await browser.get_by_label("The same address once more").fill("dana@new.example.org")
        await browser.get_by_label("Why they lost the mailbox").fill("The company closed its mail server in October.")
        await browser.get_by_label("We called the company back").check()
        await browser.get_by_label("What we checked").fill("Called (916) 555-0100, from the county's page.")
        await check(browser, "mailbox-form")
        await browser.get_by_role("button", name="Open the case").press("Enter")
        await browser.get_by_text("too little evidence").wait_for()
        await check(browser, "mailbox-refused")
        await browser.get_by_label("There is a signed letter").press("Space")
        await browser.get_by_role("button", name="Open the case").press("Enter")
        await browser.get_by_text("A colleague has to approve this case").wait_for()
        await check(browser, "mailbox-opened")
        await browser.get_by_role("link", name="Staff").click()
        await browser.get_by_label("Name").fill("Dora")
        await browser.get_by_role("button", name="Add somebody").click()
        await browser.get_by_text("A link for Dora").wait_for()
        for details in await browser.locator("details").all():
            await details.evaluate("each => each.open = true")
        await check(browser, "staff")
        await browser.get_by_role("button", name="Sign out").click()
        await sign_in(browser, "Ben")
        await browser.get_by_role("link", name="Lost mailboxes").click()
        await check(browser, "mailboxes")
        await browser.get_by_role("link", name=f"Ticket {number}").click()
        await check(browser, "mailbox-second")
        await browser.get_by_role("button", name="Approve the new address").press("Enter")
        await browser.get_by_text("The owner has been written to").wait_for()
        await browser.get_by_label("Why you refuse it").fill("The number was a private one.")
        await browser.get_by_role("button", name="Refuse the case").press("Enter")
        await browser.get_by_role("button", name="Open the case").wait_for()
        for details in await browser.locator("details").all():
            await details.evaluate("each => each.open = true")
        await check(browser, "mailbox-past")
        await browser.goto("/desk/staff")
        await browser.get_by_text("Your role does not allow this").wait_for()
    with office.database.reading() as session:
        assert staff.find(session, "Dora") is not None
