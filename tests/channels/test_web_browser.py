"""The web chat in a real browser: live and without scripts, by keyboard, on a phone, in the dark, in several tabs."""

import pytest
from playwright.async_api import Browser, Page, expect

from core import verification
from core.keys import Keys
from core.tables import AccountRequest, Challenge, Message
from tests.browser import SCREENSHOTS, check, page
from tests.channels.web_browser import served
from tests.channels.web_chat import channel_over
from tests.world import SECRET, World

# The browser of all tests lives in one event loop, and so do they.
pytestmark = pytest.mark.asyncio(loop_scope="session")

KEYS = Keys(SECRET)
NEWEST_OFFER = "#log li:last-child .offers button"


async def says(browser: Page, text: str) -> None:
    """Type something and send it."""
    await browser.get_by_label("Your message").fill(text)
    await browser.get_by_role("button", name="Send", exact=True).click()


def characters(world: World) -> str:
    """Return what stands in the picture that was shown last."""
    newest = world.rows(Challenge)[-1]
    return verification.shown(KEYS, newest.kind, verification.reference(newest))


async def test_an_action_is_walked_to_its_end_live(world: World, chromium: Browser) -> None:
    async with served(world) as address, page(chromium, address) as browser:
        await browser.goto("/")
        await browser.get_by_role("button", name="Recover my username").click()
        await browser.get_by_text("What is the e-mail address").wait_for()
        await check(browser, "chat-question")
        await says(browser, "dana@example.org")
        await browser.get_by_role("img", name="Picture of").evaluate("each => each.decode()")
        await browser.get_by_role("button", name="Hear them").click()
        await browser.locator("audio").wait_for()
        await check(browser, "chat-sound")
        await says(browser, characters(world))
        await browser.get_by_text("is on its way").wait_for()
        await check(browser, "chat-done")
        await expect(browser.locator("#log img, #log audio")).to_have_count(0)
    assert [row.kind for row in world.rows(AccountRequest)] == ["recover_username"]


async def test_an_action_is_walked_to_its_end_without_scripts(world: World, chromium: Browser) -> None:
    async with served(world) as address, page(chromium, address, scripts=False) as browser:
        await browser.goto("/")
        await browser.get_by_role("button", name="Recover my username").click()
        await browser.get_by_text("What is the e-mail address").wait_for()
        await says(browser, "dana@example.org")
        await browser.get_by_role("img", name="Picture of").wait_for()
        await browser.screenshot(path=SCREENSHOTS / "chat-without-scripts.png")
        await says(browser, characters(world))
        await browser.get_by_text("is on its way").wait_for()
    assert [row.kind for row in world.rows(AccountRequest)] == ["recover_username"]


async def test_no_state_has_anything_to_stumble_over(world: World, chromium: Browser) -> None:
    async with served(world, telegram="cers_test_bot") as address, page(chromium, address) as browser:
        await browser.goto("/")
        await check(browser, "chat-greeting")
        await says(browser, "x" * 4000)
        await browser.get_by_text("x" * 100).wait_for()
        await check(browser, "chat-long")
        await says(browser, "reset my password")
        await browser.get_by_text("What is your username").wait_for()
        await says(browser, "dana@example.org")
        await browser.get_by_role("img", name="Picture of").evaluate("each => each.decode()")
        await check(browser, "chat-picture")
        await browser.get_by_role("button", name="Continue on Telegram").click()
        await browser.get_by_role("link", name="Open in Telegram").wait_for()
        await check(browser, "chat-code")
        await browser.goto("/?continue=12-CFGHJ-KMNPR")
        await check(browser, "chat-continue")


async def test_it_is_used_by_keyboard_alone_and_tells_what_comes(world: World, chromium: Browser) -> None:
    async with served(world) as address, page(chromium, address) as browser:
        await browser.goto("/")
        await browser.keyboard.press("Tab")
        await expect(browser.get_by_role("link", name="Skip to the content")).to_be_focused()
        await browser.get_by_label("Your message").focus()
        await browser.keyboard.type("one line")
        await browser.keyboard.press("Shift+Enter")
        await browser.keyboard.type("I want to reset my password")
        await browser.keyboard.press("Enter")
        await browser.locator("#log .person").wait_for()
        await expect(browser.get_by_label("Your message")).to_have_value("")
        await expect(browser.get_by_label("Your message")).to_be_focused()
        await expect(browser.locator("[role=log]")).to_have_attribute("aria-label", "Conversation")
        offer = browser.locator(NEWEST_OFFER).first
        await offer.focus()
        await browser.keyboard.press("Enter")
        await expect(browser.locator("#log .person")).to_have_count(2)
        await expect(browser.get_by_label("Your message")).to_be_focused()


async def test_two_tabs_show_the_same_and_an_old_button_is_told_so(world: World, chromium: Browser) -> None:
    async with served(world) as address, page(chromium, address) as first:
        await first.goto("/")
        await says(first, "recover my username")
        await first.get_by_text("What is the e-mail address").wait_for()
        second = await first.context.new_page()
        await second.goto("/")
        old = await second.locator(NEWEST_OFFER).first.evaluate("each => each.value")
        await says(second, "dana@example.org")
        await second.get_by_role("img", name="Picture of").wait_for()
        await first.bring_to_front()
        await first.get_by_role("img", name="Picture of").wait_for()
        await first.locator(NEWEST_OFFER).first.evaluate("(each, old) => { each.value = old; }", old)
        await first.locator(NEWEST_OFFER).first.click()
        await first.get_by_text("belongs to an earlier message").wait_for()


async def test_what_another_worker_and_a_follow_up_say_appears_by_itself(world: World, chromium: Browser) -> None:
    async with served(world) as address, served(world) as other, page(chromium, address) as browser:
        assert other != address
        await browser.goto("/")
        await says(browser, "recover my username")
        await browser.get_by_text("What is the e-mail address").wait_for()
        await says(browser, "dana@example.org")
        await browser.get_by_role("img", name="Picture of").wait_for()
        await says(browser, characters(world))
        await browser.get_by_text("is on its way").wait_for()
        world.later(16)
        database = world.database()
        await world.work({"web": channel_over(world, database)})
        database.close()
        await browser.get_by_text("Did it come?").wait_for()
        await browser.get_by_role("button", name="No. Where should I look?").click()
        await browser.get_by_text("spam or junk").first.wait_for()


async def test_what_cannot_be_sent_stays_and_is_sent_once_afterwards(world: World, chromium: Browser) -> None:
    async with served(world) as address, page(chromium, address) as browser:
        await browser.goto("/")
        await browser.context.set_offline(True)
        await says(browser, "What may a CERS username look like?")
        await browser.get_by_text("That could not be sent").wait_for()
        await check(browser, "chat-offline")
        await browser.context.set_offline(False)
        await browser.get_by_role("button", name="Send", exact=True).click()
        await browser.get_by_text("5 to 16").first.wait_for()
        await expect(browser.get_by_text("That could not be sent")).to_have_count(0)
    assert [row.author for row in world.rows(Message)] == ["person", "bot"]


async def test_the_back_button_shows_the_chat_as_it_stands(world: World, chromium: Browser) -> None:
    async with served(world) as address, page(chromium, address, scripts=False) as browser:
        await browser.goto("/")
        await says(browser, "recover my username")
        await browser.get_by_text("What is the e-mail address").wait_for()
        await says(browser, "dana@example.org")
        await browser.get_by_role("img", name="Picture of").wait_for()
        await browser.go_back()
        await browser.get_by_role("img", name="Picture of").wait_for()


async def test_a_page_is_within_its_budget_and_asks_no_other_host(world: World, chromium: Browser) -> None:
    async with served(world) as address, page(chromium, address) as browser:
        await browser.goto("/")
        for _ in range(12):
            await says(browser, "How do I get my account activated? " * 100)
            await expect(browser.get_by_label("Your message")).to_have_value("")
        await browser.reload(wait_until="load")
        names = "performance.getEntriesByType('resource').map(each => each.name)"
        loaded = [address + "/", *(each for each in await browser.evaluate(names) if "/chat/" not in each)]
        sizes = {each: len(await (await browser.request.get(each)).body()) for each in loaded}
    assert {each.rpartition(".")[2] for each in loaded} >= {"css", "js", "svg"}
    assert all(each.startswith(address) for each in loaded)
    assert 40_000 < sum(sizes.values()) <= 100_000, sizes
