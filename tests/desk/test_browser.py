"""The desk in a real browser: nothing to stumble over, live, by keyboard, on a phone, in the dark, without scripts."""

import asyncio

import pytest
from playwright.async_api import Browser, Page

from core.staff import Member
from tests.browser import check, page
from tests.desk.browser import served, sign_in
from tests.desk.office import Office, Person, ask_for_person
from tests.desk.visitors import give_password

# The browser of all tests lives in one event loop, and so do they.
pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def staffed(office: Office, ana: Member, ben: Member) -> Office:
    """Return an office whose staff can sign in."""
    give_password(office, ana)
    give_password(office, ben)
    return office


async def busy_weeks(office: Office, ana: Member) -> int:
    """Let people ask on several days, of a help desk that knows little; return the number of a resolved ticket."""
    known, strange = "I forgot my username. How do I get it back?", ["zxqv blorp wibble", "blorp zxqv", "hooloovoo"]
    for day in range(4):
        people = [Person(office.world, f"{day}-{each}") for each in range(3)]
        for person in people:
            await person.says(known)
        await people[0].says("not helpful")
        await people[1].says(strange[day % 3])
        await people[2].says("email")
        office.world.later(60 * 24 * 2)
    number = await ask_for_person(people[0], "Where is the counter where umbrellas are kept? I have looked everywhere.")
    office.writes(ana, number, "Please ask at the counter downstairs.")
    office.desk.resolve(ana, number - 1000)
    while office.desk.count_day():
        pass
    return number


async def shown_at_last(browser: Page) -> None:
    """Look again until everything that is made in the background is on the page."""
    while await browser.get_by_role("link", name="Look again").count():
        await asyncio.sleep(0.2)
        await browser.reload()


async def test_no_page_has_anything_to_stumble_over(
    staffed: Office, ana: Member, person: Person, chromium: Browser
) -> None:
    number = await ask_for_person(person, "A very-long-word-" * 12)
    staffed.take(ana, number)
    staffed.writes(ana, number, "Which **page** says no?")
    await person.hears()
    await person.says("The first one")
    other = await ask_for_person(Person(staffed.world, "2"), "Another")
    staffed.desk.resolve(ana, other - 1000)
    async with served(staffed) as address, page(chromium, address) as browser:
        await browser.goto("/desk/sign-in")
        await check(browser, "sign-in")
        await sign_in(browser, "Ana")
        await check(browser, "queue")
        await browser.goto(f"/desk/tickets/{number}")
        await browser.get_by_role("searchbox", name="Find an answer").fill("forgot username")
        await browser.locator("#found li").first.wait_for()
        for details in await browser.locator("details").all():
            await details.evaluate("each => each.open = true")
        await check(browser, "ticket")
        await browser.goto(f"/desk/tickets/{other}")
        await check(browser, "resolved")
        await browser.goto("/desk/tickets/77")
        await check(browser, "unknown")


async def test_no_page_about_improving_has_anything_to_stumble_over(
    staffed: Office, counter: Office, ana: Member, chromium: Browser
) -> None:
    number = await busy_weeks(counter, ana)
    async with served(staffed) as address, page(chromium, address) as browser:
        await sign_in(browser, "Ana")
        for days in (7, 30, 90):
            await browser.goto(f"/desk/improve?days={days}")
            await shown_at_last(browser)
            await check(browser, f"improve-{days}")
        await browser.locator(".clusters a").first.click()
        await browser.get_by_role("heading", name="Asked without an answer").wait_for()
        await check(browser, "asked")
        await browser.goto(f"/desk/tickets/{number}/teach")
        await check(browser, "teach")
        await browser.get_by_label("What helped").select_option(index=0)
        await browser.get_by_role("button", name="Next").click()
        await browser.get_by_label("How it was asked").fill("mail me at bob@example.org, where is the umbrella counter")
        await browser.get_by_label("The question").fill("Where is the counter for umbrellas?")
        await browser.get_by_label("What it rests on").select_option("003")
        await browser.get_by_role("button", name="Propose it").click()
        await browser.get_by_text("an e-mail address in it").wait_for()
        await check(browser, "teach-refused")
        await browser.get_by_label("How it was asked").fill("where is the umbrella counter")
        await browser.get_by_role("button", name="Propose it").click()
        await shown_at_last(browser)
        await check(browser, "lesson")
        async with browser.expect_download() as download:
            await browser.get_by_role("link", name="Download the edit").click()
        assert (await download.value).suggested_filename.endswith(".diff")


async def test_a_ticket_is_worked_by_keyboard_alone(staffed: Office, person: Person, chromium: Browser) -> None:
    number = await ask_for_person(person, "The portal says no")
    async with served(staffed) as address, page(chromium, address) as browser:
        await sign_in(browser, "Ana")
        await browser.keyboard.press("j")
        await browser.keyboard.press("Enter")
        await browser.wait_for_url(f"**/desk/tickets/{number}")
        await browser.wait_for_load_state()
        await browser.keyboard.press("t")
        await browser.get_by_text("has Ana").wait_for()
        await browser.wait_for_load_state()
        await browser.get_by_role("searchbox", name="Find an answer").focus()
        await browser.keyboard.type("forgot my username")
        await browser.keyboard.press("Enter")
        await browser.get_by_role("button", name="Put into the reply: I forgot my username").press("Enter")
        assert "username" in await browser.get_by_label("Your reply").input_value()
        await browser.keyboard.press("Control+Enter")
        await browser.get_by_text("On its way").wait_for()
        await browser.wait_for_load_state()
        await browser.locator("body").press("n")
        await browser.keyboard.type("n is typed here and does nothing else")
        await browser.keyboard.press("Control+Enter")
        await browser.locator("#live-history").get_by_text("n is typed here").wait_for()
        await browser.wait_for_load_state()
        await browser.locator("body").press("g")
        await browser.wait_for_url("**/desk")
        await browser.wait_for_load_state()
        await browser.keyboard.press("/")
        await browser.keyboard.type("portal")
        await browser.keyboard.press("Enter")
        await browser.get_by_role("link", name=str(number)).wait_for()
    assert staffed.kinds(number) == ["opened", "taken", "reply", "note"]


async def test_two_see_each_other_live_and_the_second_send_is_refused(
    staffed: Office, ben: Member, person: Person, chromium: Browser
) -> None:
    number = await ask_for_person(person)
    path = f"/desk/tickets/{number}"
    async with served(staffed) as address, page(chromium, address) as hers, page(chromium, address) as his:
        await sign_in(hers, "Ana")
        await sign_in(his, "Ben")
        await hers.goto(path)
        await his.goto(path)
        await asyncio.sleep(1.5)
        await hers.get_by_label("Your reply").press_sequentially("I am on it.")
        await his.get_by_text("Ana is replying…").wait_for()
        await his.get_by_label("Your reply").fill("Me too.")
        await hers.get_by_role("button", name="Send the reply").click()
        await his.locator("#live-conversation").get_by_text("I am on it.").wait_for()
        assert await his.get_by_label("Your reply").input_value() == "Me too."
        assert "has changed" in await his.locator("#news").inner_text()
        await asyncio.sleep(3)
        assert await hers.locator("#news").inner_text() == "", "she is told what she did herself"
        await his.get_by_role("button", name="Send the reply").click()
        await his.get_by_text("Ana has replied since you opened this page").wait_for()
        assert await his.get_by_label("Your reply").input_value() == "Me too."
        staffed.desk.resolve(ben, number - 1000)
        await his.locator("#live-summary").get_by_text("Resolved", exact=True).wait_for()
        await hers.goto("/desk")
        await asyncio.sleep(1.5)
        later = await ask_for_person(Person(staffed.world, "2"), "Somebody new")
        await hers.get_by_role("link", name=str(later)).wait_for()
    assert staffed.kinds(number).count("reply") == 1


async def test_a_page_without_its_live_connection_says_so_until_that_is_back(
    staffed: Office, person: Person, chromium: Browser
) -> None:
    number = await ask_for_person(person)
    async with served(staffed) as address, page(chromium, address) as browser:
        await sign_in(browser, "Ana")
        await browser.clock.install()
        await browser.route("**/desk/live", lambda route: route.abort("connectionreset"))
        async with browser.expect_event("requestfailed"):
            await browser.goto(f"/desk/tickets/{number}")
        cut_off = browser.get_by_text("There is no live connection")
        assert not await cut_off.count(), "a service that is started anew is back within seconds"
        await browser.clock.fast_forward(9_000)
        await cut_off.wait_for()
        await browser.unroute("**/desk/live")
        await cut_off.wait_for(state="hidden")


async def test_without_scripts_everything_works(staffed: Office, person: Person, chromium: Browser) -> None:
    number = await ask_for_person(person)
    async with served(staffed) as address, page(chromium, address, scripts=False) as browser:
        await sign_in(browser, "Ana")
        await browser.get_by_role("link", name=str(number)).click()
        await browser.get_by_role("button", name="Take it").click()
        await browser.get_by_role("searchbox", name="Find an answer").fill("forgot my username")
        await browser.get_by_label("Your reply").fill("Hello Dana,")
        await browser.get_by_role("searchbox", name="Find an answer").press("Enter")
        await browser.get_by_role("button", name="Put into the reply").first.click()
        assert (await browser.get_by_label("Your reply").input_value()).startswith("Hello Dana,\n\n")
        await browser.get_by_role("button", name="Send the reply").click()
        await browser.get_by_text("On its way").wait_for()
        await browser.get_by_role("button", name="Resolve").click()
        await browser.get_by_role("button", name="Open again").wait_for()
        await browser.get_by_role("button", name="Sign out").click()
        await browser.wait_for_url("**/desk/sign-in")
    assert staffed.kinds(number) == ["opened", "taken", "reply", "resolved"]
