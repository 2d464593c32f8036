"""Lost mailboxes and staff in a real browser: nothing to stumble over, on a phone, in the dark, by keyboard."""

import pytest

from core import staff
from core.staff import Member
from tests.desk.browser import check, page, served, sign_in
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.visitors import give_password

DAY = 24 * 60


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, True)])
async def test_lost_mailboxes_and_staff_have_nothing_to_stumble_over(
    office: Office, ana: Member, ben: Member, person: Person, dark: bool, phone: bool
) -> None:
    give_password(office, ana)
    give_password(office, ben)
    office.world.later(2 * DAY)
    number = await ask_for_person(person, "I no longer have that mailbox")
    looks = f"{'dark' if dark else 'light'}-{'phone' if phone else 'desktop'}"
    path = f"/desk/tickets/{number}/mailbox"
    async with served(office) as address, page(address, dark=dark, phone=phone) as browser:
        await sign_in(browser, "Ana")
        await browser.goto(path)
        await browser.get_by_label("Username or address").fill("danalee1")
        await browser.get_by_label("New e-mail address").fill("dana@new.example.org")
        await browser.get_by_label("The same address once more").fill("dana@new.example.org")
        await browser.get_by_label("Why they lost the mailbox").fill("The company closed its mail server in October.")
        await browser.get_by_label("We called the company back").check()
        await browser.get_by_label("What we checked").fill("Called (916) 555-0100, from the county's page.")
        await check(browser, f"mailbox-form-{looks}")
        await browser.get_by_role("button", name="Open the case").press("Enter")
        await browser.get_by_text("too little evidence").wait_for()
        await check(browser, f"mailbox-refused-{looks}")
        await browser.get_by_label("There is a signed letter").press("Space")
        await browser.get_by_role("button", name="Open the case").press("Enter")
        await browser.get_by_text("A colleague has to approve this case").wait_for()
        await check(browser, f"mailbox-opened-{looks}")
        await browser.get_by_role("link", name="Staff").click()
        await browser.get_by_label("Name").fill("Dora")
        await browser.get_by_role("button", name="Add somebody").click()
        await browser.get_by_text("A link for Dora").wait_for()
        for details in await browser.locator("details").all():
            await details.evaluate("each => each.open = true")
        await check(browser, f"staff-{looks}")
        await browser.get_by_role("button", name="Sign out").click()
        await sign_in(browser, "Ben")
        await browser.get_by_role("link", name="Lost mailboxes").click()
        await check(browser, f"mailboxes-{looks}")
        await browser.get_by_role("link", name=f"Ticket {number}").click()
        await check(browser, f"mailbox-second-{looks}")
        await browser.get_by_role("button", name="Approve the new address").press("Enter")
        await browser.get_by_text("The owner has been written to").wait_for()
        await browser.get_by_label("Why you refuse it").fill("The number was a private one.")
        await browser.get_by_role("button", name="Refuse the case").press("Enter")
        await browser.get_by_role("button", name="Open the case").wait_for()
        for details in await browser.locator("details").all():
            await details.evaluate("each => each.open = true")
        await check(browser, f"mailbox-past-{looks}")
        await browser.goto("/desk/staff")
        await browser.get_by_text("Your role does not allow this").wait_for()
    with office.database.reading() as session:
        assert staff.find(session, "Dora") is not None
