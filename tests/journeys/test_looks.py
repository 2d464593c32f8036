"""Every account page in every state: nothing to stumble over, light and dark, on a desk and on a phone."""

import itertools

import pytest
from playwright.async_api import Browser

from tests import browser
from tests.journeys.walker import PASSWORD, walking
from tests.world import World

# The browser of all tests lives in one event loop, and so do they.
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_no_account_page_has_anything_to_stumble_over(empty: World, chromium: Browser) -> None:
    async with walking(chromium, empty) as ann:
        await ann.opens("/account/create")
        await ann.looks("create")
        await ann.presses("Create my account")
        await ann.reads("Something has to be changed first", "Type your first name.")
        await ann.looks("create-mistakes")
        await ann.page.get_by_role("button", name="Hear them instead").click()
        await ann.page.get_by_label("Type the digits that you hear").wait_for()
        await ann.looks("create-spoken")
        await ann.page.get_by_role("button", name="Show a picture instead").click()
        await ann.page.get_by_label("Type the characters in the picture").wait_for()
        await ann.is_active()
        await ann.opens("/account/sent")
        await ann.page.locator("details").evaluate("each => each.open = true")
        await ann.looks("sent")
        await ann.opens("/account/recover")
        await ann.looks("recover")
        for what in ("username", "password", "activation"):
            await ann.opens(f"/account/recover/{what}")
            await ann.looks(f"recover-{what}")
        await ann.presses("Next")
        await ann.looks("recover-mistakes")
        await ann.opens("/account/sign-in")
        await ann.looks("account-sign-in")
        await ann.fills({"Username": "nobody99"})
        await ann.presses("Next")
        await ann.looks("account-password")
        await ann.fills({"Password": PASSWORD})
        await ann.presses("Sign in")
        await ann.looks("account-password-wrong")
        await ann.signs_in("annlee1")
        await ann.looks("account")
        for what in ("profile", "email", "password"):
            await ann.opens(f"/account/{what}")
            await ann.looks(f"change-{what}")
            await ann.presses({"profile": "Save", "email": "Mail the link", "password": "Set this password"}[what])
        await ann.looks("change-password-mistakes")
        await ann.opens("/reset/1-x")
        await ann.looks("refused-link")


async def test_letters_have_nothing_to_stumble_over(empty: World, chromium: Browser) -> None:
    async with walking(chromium, empty) as ann:
        await ann.is_active()
        for number, letter in enumerate(empty.letterbox.letters):
            await ann.opens("about:blank")  # a page of ours would forbid the letter its own looks
            await ann.page.set_content(letter.html)
            await ann.looks(f"letter-{number}")


async def test_the_development_mailbox_shows_a_letter_as_mail_programs_do(empty: World, chromium: Browser) -> None:
    async with walking(chromium, empty) as ann:
        await ann.is_active()
        await ann.opens("/mail")
        await ann.looks("mail")
        await ann.follows("Activate your account")
        shown = ann.page.frame_locator("iframe").get_by_role("link", name="Activate my account")
        assert "/activate/" in (await shown.get_attribute("href") or "")
        await ann.looks("mail-letter")


async def test_no_page_is_wider_than_the_screen_from_a_small_phone_to_a_wall(empty: World, chromium: Browser) -> None:
    async with walking(chromium, empty) as ann:
        for path, width in itertools.product(
            ("/account/create", "/account/recover/password", "/account/sign-in"), (320, 640, 3840)
        ):
            await ann.page.set_viewport_size({"width": width, "height": 900})
            await ann.opens(path)
            wide = await ann.page.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            )
            assert not wide, f"{path} has to be moved sideways at {width} pixels"


async def test_in_high_contrast_and_forced_colors_nothing_gets_lost(empty: World, chromium: Browser) -> None:
    async with walking(chromium, empty) as ann:
        await ann.opens("/account/create")
        await ann.presses("Create my account")
        await ann.page.emulate_media(contrast="more")
        await ann.looks("create-mistakes-more")
        # In the dark, axe reads the ink that the stylesheet names where the browser has put the system's.
        await ann.page.emulate_media(contrast="no-preference", forced_colors="active", color_scheme="light")
        await browser.check_as_it_is(ann.page, "create-mistakes-forced")
