"""The journeys of the five documents in a real browser, from an empty database to what each of them promises."""

import pytest
from playwright.async_api import Browser

from core.tables import Account
from tests.journeys.walker import NEW, PASSWORD, walking
from tests.world import World

# The browser of all tests lives in one event loop, and so do they.
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_002_an_account_is_created_activated_and_signed_in_to_under_its_phrase(
    empty: World, chromium: Browser
) -> None:
    async with walking(chromium, empty) as ann:
        await ann.registers()
        await ann.reads("Check your mail", "an****ee@example.org", "CERS-", "30 days")
        reference = await ann.page.locator(".big").inner_text()
        letter = await ann.gets("Activate your account")
        assert f"Reference: {reference}" in letter.body
        assert empty.rows(Account)[0].state == "awaiting_activation"
        await ann.signs_in("annlee1")
        await ann.reads("Activate your account first")
        await ann.follows_letter(letter, "activate")
        await ann.presses("Activate my account")
        await ann.reads("Your account is active")
        await ann.gets("Your account is active")
        await ann.opens("/account/sign-in")
        await ann.fills({"Username": "annlee1"})
        await ann.presses("Next")
        await ann.reads("the heron reads")
        await ann.fills({"Password": PASSWORD})
        await ann.presses("Sign in")
        await ann.reads("Ann Lee's account", "ann.lee@example.org")
    (account,) = empty.rows(Account)
    assert (account.state, account.protection_phrase) == ("active", "the heron reads")


async def test_002_one_is_alerted_while_typing_a_username_that_is_taken_or_breaks_a_rule(
    empty: World, chromium: Browser
) -> None:
    empty.account("danalee1", "dana@example.org")
    async with walking(chromium, empty) as ann:
        await ann.opens("/account/create")
        await ann.page.get_by_label("Username").press_sequentially("DanaLee1")
        await ann.page.locator("#username-said", has_text="is in use").wait_for()
        await ann.page.get_by_label("Username").fill("dana lee")
        await ann.page.locator("#username-said", has_text="no spaces").wait_for()
        await ann.page.get_by_label("Username").fill("danalee2")
        await ann.page.locator("#username-said", has_text="danalee2 is free").wait_for()
        await ann.page.locator("#password").press_sequentially("Password1")
        await ann.page.locator('[data-rule="number"][data-met="yes"]').wait_for()
        await ann.page.locator("#strength", has_text="Too easy to guess").wait_for()
        await ann.page.locator("#password").fill(PASSWORD)
        await ann.page.locator("#strength", has_text="hard to guess").wait_for()
        await ann.page.get_by_role("button", name="Hear them instead").click()
        await ann.page.get_by_label("Type the digits that you hear").wait_for()
        assert await ann.page.locator("#password").input_value() == PASSWORD, "another challenge lost what was typed"
        assert len(await ann.characters()) == 5


async def test_000_an_email_in_use_is_told_in_its_mailbox_alone(empty: World, chromium: Browser) -> None:
    empty.account("danalee1", "dana@example.org")
    async with walking(chromium, empty) as stranger:
        await stranger.registers(
            **{"E-mail address": "dana@example.org", "E-mail address, once more": "Dana@Example.org"}
        )
        await stranger.reads("Check your mail", "We are writing to d****@example.org", "activates your account")
        letter = await stranger.gets("You already have an account")
        assert "danalee1" in letter.body.splitlines()
        assert letter.to == "dana@example.org"
    assert len(empty.rows(Account)) == 1


async def test_000_003_an_activation_mail_that_never_came_is_sent_again(empty: World, chromium: Browser) -> None:
    async with walking(chromium, empty) as ann:
        await ann.registers()
        await empty.work()
        await ann.opens("/account/sign-in")
        await ann.fills({"Username": "annlee1"})
        await ann.presses("Next")
        await ann.follows("Did your activation mail never come?")
        await ann.page.go_back()
        await ann.reads("Type your password")
        await ann.follows("Did your activation mail never come?")
        await ann.fills({"Username or e-mail address": "annlee1"})
        await ann.types_characters()
        await ann.presses("Next")
        await ann.reads("Check your mail", "the address on file")
        await ann.follows_letter(await ann.gets("Activate your account"), "activate")
        await ann.presses("Activate my account")
        await ann.reads("Your account is active")
        await ann.signs_in("annlee1")
        await ann.reads("Ann Lee's account")


async def test_004_a_forgotten_username_is_mailed(empty: World, chromium: Browser) -> None:
    empty.account("anngause", "anngause@example.org")
    async with walking(chromium, empty) as ann:
        await ann.opens("/account/sign-in")
        await ann.follows("Forgot your username or password?")
        await ann.follows("I forgot my username")
        await ann.fills({"E-mail address": "anngause@example.org"})
        await ann.types_characters()
        await ann.presses("Next")
        await ann.reads("an****se@example.org", "within 15 minutes", "spam")
        letter = await ann.gets("Your username")
        assert "anngause" in letter.body.splitlines()


@pytest.mark.parametrize("typed", ["annlee1", "ann.lee@example.org"])
async def test_004_a_forgotten_password_is_set_anew_by_username_or_address(
    empty: World, chromium: Browser, typed: str
) -> None:
    async with walking(chromium, empty) as ann:
        await ann.is_active()
        await ann.opens("/account/recover/password")
        await ann.fills({"Username or e-mail address": typed})
        await ann.types_characters()
        await ann.presses("Next")
        await ann.reads("within 15 minutes", "60 minutes")
        await ann.follows_letter(await ann.gets("Set a new password"), "reset")
        await ann.fills({"New password": "Meadow7Lark", "New password, once more": "Meadow7Lark"})
        await ann.presses("Set this password")
        await ann.reads("Your new password is set")
        await ann.gets("Your password was changed")
        await ann.signs_in("annlee1")
        await ann.reads("does not fit the username", "the heron reads")
        await ann.signs_in("annlee1", "Meadow7Lark")
        await ann.reads("Ann Lee's account")


async def test_003_an_email_address_is_changed_once_the_new_mailbox_proves_it_and_the_old_one_is_told(
    empty: World,
    chromium: Browser,
) -> None:
    async with walking(chromium, empty) as ann:
        await ann.is_active()
        await ann.signs_in("annlee1")
        await ann.follows("Change my e-mail address")
        both = {"New e-mail address": "ann@example.com", "New e-mail address, once more": "ann@example.com"}
        await ann.fills(both | {"Your password now": PASSWORD})
        await ann.presses("Mail the link")
        await ann.reads("Open the link in that letter", "CERS-")
        letter = await ann.gets("Confirm your new e-mail address")
        assert letter.to == "ann@example.com"
        assert empty.rows(Account)[0].email == "ann.lee@example.org"
        await ann.follows_letter(letter, "email")
        await ann.presses("Use this address")
        await ann.reads("Your e-mail address is changed")
        told = await ann.gets("Your e-mail address was changed")
        assert told.to == "ann.lee@example.org"
        assert "a****@example.com" in told.body
    assert empty.rows(Account)[0].email == "ann@example.com"


async def test_003_names_and_phrase_are_edited_and_signing_out_everywhere_ends_every_browser(
    empty: World, chromium: Browser
) -> None:
    async with walking(chromium, empty) as ann, walking(chromium, empty) as elsewhere:
        await ann.is_active()
        await elsewhere.signs_in("annlee1")
        await elsewhere.reads("Ann Lee's account")
        await ann.signs_in("annlee1")
        await ann.follows("Edit my profile")
        await ann.fills({"Last name": "Gause", "Password protection phrase": "two herons"})
        await ann.presses("Save")
        await ann.reads("Ann Gause's account", "two herons", "Your profile is changed")
        await ann.presses("Sign out everywhere")
        await elsewhere.opens("/account")
        await elsewhere.reads("Sign in")
        assert elsewhere.page.url.endswith("/account/sign-in")


async def test_without_scripts_an_account_is_created_with_a_mailed_code_in_the_picture_s_place(
    empty: World, chromium: Browser
) -> None:
    async with walking(chromium, empty, scripts=False) as ann:
        await ann.opens("/account/create")
        await ann.fills(NEW)
        await ann.presses("Mail me a code instead")
        await ann.reads("A code of 8 digits is being mailed")
        assert await ann.page.get_by_label("First name").input_value() == "Ann"
        letter = await ann.gets("Your code")
        code = next(line for line in letter.body.splitlines() if line.isdigit())
        await ann.fills({"Password": PASSWORD, "Password, once more": PASSWORD})
        await ann.page.get_by_label("Type the code from the mail").fill(code)
        await ann.presses("Create my account")
        await ann.reads("You can only have an account if you agree", "Verified")
        await ann.fills({"Password": PASSWORD, "Password, once more": PASSWORD})
        await ann.page.get_by_label("I agree to these Conditions of Use").check()
        await ann.presses("Create my account")
        await ann.reads("Check your mail")
        await ann.gets("Activate your account")


async def test_the_back_button_after_finishing_makes_nothing_twice(empty: World, chromium: Browser) -> None:
    async with walking(chromium, empty) as ann:
        await ann.registers()
        await ann.page.go_back()
        await ann.fills(NEW)
        await ann.types_characters()
        await ann.page.get_by_label("I agree to these Conditions of Use").check()
        await ann.presses("Create my account")
        await empty.work()
        subjects = {letter.subject for letter in empty.letterbox.letters}
        assert subjects == {"Activate your account", "You have registered before: activate that account"}
    assert len(empty.rows(Account)) == 1


async def test_enter_sends_a_form_and_presses_no_other_button(empty: World, chromium: Browser) -> None:
    empty.account("anngause", "anngause@example.org")
    async with walking(chromium, empty) as ann:
        await ann.opens("/account/recover/username")
        await ann.fills({"E-mail address": "anngause@example.org"})
        await ann.types_characters()
        async with ann.page.expect_navigation():
            await ann.page.locator("#characters").press("Enter")
        await ann.reads("Check your mail")
