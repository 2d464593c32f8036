"""The pages behind mailed links, as people with a browser, a scanner or a screen reader meet them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from core import passwords
from core.links import ACTIVATE, RESET, Purpose
from core.rules import NETWORK_PASSWORDS_AN_HOUR
from core.tables import Owed
from tests.pages.conftest import Page, Pages

NEW = {"password": "Heron2026x", "confirmation": "Heron2026x"}


def letters(pages: Pages) -> list[str]:
    with pages.database.transaction() as session:
        return [payload["key"] for payload in session.scalars(select(Owed.payload).order_by(Owed.id))]


def test_a_newcomer_presses_the_button_and_is_active(pages: Pages) -> None:
    account = pages.register()
    path, browser = pages.mailed(account, ACTIVATE), pages.browser()
    page = Page(browser.get(path).text)
    assert "anngause" in page.texts["main"]
    assert pages.kept(account).state == "awaiting_activation"
    done = browser.post(path)
    assert (done.status_code, Page(done.text).texts["h1"]) == (200, "Your account is active")
    assert pages.kept(account).state == "active"
    assert letters(pages) == ["account_activated"]


def test_pressing_twice_or_coming_back_later_is_told_that_all_is_well(pages: Pages) -> None:
    path, browser = pages.mailed(pages.register(), ACTIVATE), pages.browser()
    browser.post(path)
    pages.later(days=40)
    for again in (browser.post(path), browser.get(path)):
        assert (again.status_code, Page(again.text).texts["h1"]) == (200, "Your account is active already")
    assert letters(pages) == ["account_activated"]


def test_who_has_no_password_yet_learns_how_to_get_one(pages: Pages) -> None:
    assert "no password yet" in pages.browser().post(pages.mailed(pages.register(), ACTIVATE)).text


def test_a_person_chooses_a_new_password(pages: Pages) -> None:
    account = pages.register(active=True)
    path, browser = pages.mailed(account, RESET), pages.browser()
    assert browser.get(path).status_code == 200
    done = browser.post(path, data=NEW)
    assert (done.status_code, Page(done.text).texts["h1"]) == (200, "Your new password is set")
    assert passwords.matches(pages.kept(account).password_hash or "", "Heron2026x")
    assert letters(pages) == ["password_changed"]


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({}, "password", ["Type a new password."]),
        ({"password": "Ab1"}, "password", ["too short", "8 characters"]),
        ({"password": "Abcdefghijklmnop1"}, "password", ["too long", "16 characters"]),
        ({"password": "qqqq"}, "password", ["too short", "uppercase", "number"]),
        ({"password": "ANNGAUSE"}, "password", ["lowercase", "number", "Your username cannot be your password."]),
        ({"password": "Anngause@example.org"}, "password", ["Your e-mail address cannot be your password."]),
        ({"password": "Heron2026x", "confirmation": "Heron2026y"}, "confirmation", ["not the same"]),
        ({"password": "Heron2026x"}, "confirmation", ["not the same"]),
    ],
)
def test_a_mistake_is_told_beside_its_field_and_the_person_goes_on(
    pages: Pages, typed: dict[str, str], field: str, said: list[str]
) -> None:
    account = pages.register(active=True)
    path, browser = pages.mailed(account, RESET), pages.browser()
    answer = browser.post(path, data=typed)
    page = Page(answer.text)
    assert answer.status_code == 422
    assert all(part in page.description(field) for part in said)
    assert page.inputs[field]["aria-invalid"] == "true"
    assert f"#{field}" in page.links, "the list of mistakes leads to no field"
    assert page.texts["title"].startswith("Not yet:")
    assert all("value" not in page.inputs[each] for each in ("password", "confirmation"))
    assert all(value not in answer.text for value in typed.values())
    assert pages.kept(account).password_hash is None
    assert browser.post(path, data=NEW).status_code == 200


def test_the_form_can_be_used_without_seeing_it(pages: Pages) -> None:
    page = Page(pages.browser().get(pages.mailed(pages.register(active=True), RESET)).text)
    assert page.language == "en"
    assert page.labels.keys() == page.inputs.keys() == {"username", "password", "confirmation"}
    assert all(rule in page.description("password") for rule in ("8 to 16 characters", "uppercase", "number"))
    assert page.inputs["username"]["autocomplete"] == "username"
    assert all(page.inputs[each]["autocomplete"] == "new-password" for each in ("password", "confirmation"))
    assert "maxlength" not in page.inputs["password"], "a pasted password would be cut without a word"


def test_the_protection_phrase_is_not_shown(pages: Pages) -> None:
    browser = pages.browser()
    for purpose, account in ((ACTIVATE, pages.register()), (RESET, pages.register("somebody", active=True))):
        path = pages.mailed(account, purpose)
        assert "heron" not in browser.get(path).text
        assert "heron" not in browser.post(path, data={"password": "x"}).text


@pytest.mark.parametrize("purpose", [ACTIVATE, RESET])
def test_a_scanner_that_opens_a_link_twenty_times_does_not_use_it(pages: Pages, purpose: Purpose) -> None:
    path, browser = pages.mailed(pages.register(active=purpose == RESET), purpose), pages.browser()
    for _ in range(20):
        assert browser.head(path).status_code == 200
        assert browser.get(path).status_code == 200
    assert browser.post(path, data=NEW).status_code == 200


def test_used_expired_broken_and_foreign_links_are_answered_alike(pages: Pages) -> None:
    browser = pages.browser()
    account = pages.register(active=True)
    late = pages.mailed(account, RESET)
    pages.later(minutes=60)
    used = pages.mailed(account, RESET)
    browser.post(used, data=NEW)
    activation = pages.mailed(pages.register("somebody"), ACTIVATE)
    foreign = activation.replace("/activate/", "/reset/")
    answers = [browser.get(path) for path in (late, used, used[:-1], "/reset/1-x", "/reset/1", foreign)]
    answers += [browser.post(path, data=NEW) for path in (late, used, used[:-1], "/reset/1-x", "/reset/1", foreign)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert "This link cannot be used" in answers[0].text


def test_a_lapsed_registration_cannot_be_activated_by_its_page(pages: Pages) -> None:
    account = pages.register()
    path, browser = pages.mailed(account, ACTIVATE), pages.browser()
    pages.later(days=30)
    assert [browser.get(path).status_code, browser.post(path).status_code] == [404, 404]
    assert pages.kept(account).state == "awaiting_activation"


def test_of_eight_forms_sent_at_once_one_sets_the_password(pages: Pages) -> None:
    account = pages.register(active=True)
    path, browser = pages.mailed(account, RESET), pages.browser()

    def send(number: int) -> int:
        password = f"Heron202{number}x"
        return browser.post(path, data={"password": password, "confirmation": password}).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(send, range(8)))
    assert sorted(statuses) == [200, *[404] * 7]
    password = f"Heron202{statuses.index(200)}x"
    assert passwords.matches(pages.kept(account).password_hash or "", password)


def test_a_network_that_tries_too_often_waits_and_others_do_not(pages: Pages) -> None:
    account = pages.register(active=True)
    path = pages.mailed(account, RESET)
    flooding = pages.browser(network="203.0.113.7")
    for number in range(NETWORK_PASSWORDS_AN_HOUR):
        assert flooding.post(f"/reset/{number}-x", data=NEW).status_code == 404
    refused = flooding.post(path, data=NEW)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3600")
    assert "60 minutes" in refused.text
    assert flooding.get(path).status_code == 200
    assert pages.browser(network="203.0.113.8").post(path, data={}).status_code == 422
    pages.later(minutes=59)
    assert flooding.post(path, data=NEW).status_code == 429
    pages.later(minutes=1, seconds=-1)
    assert pages.kept(account).password_hash is None


def test_one_household_has_one_budget_whatever_its_address_in_ipv6(pages: Pages) -> None:
    for number in range(NETWORK_PASSWORDS_AN_HOUR):
        pages.browser(network=f"2001:db8:0:1::{number:x}").post("/reset/1-x")
    assert pages.browser(network="2001:db8:0:1:ffff::1").post("/reset/1-x").status_code == 429
    assert pages.browser(network="2001:db8:0:2::1").post("/reset/1-x").status_code == 404


def test_the_hour_of_a_network_ends(pages: Pages) -> None:
    browser = pages.browser()
    for _ in range(NETWORK_PASSWORDS_AN_HOUR):
        browser.post("/reset/1-x")
    assert browser.post("/reset/1-x").status_code == 429
    pages.now += timedelta(hours=1)
    assert browser.post("/reset/1-x").status_code == 404


def test_markup_in_an_old_username_is_shown_not_obeyed(pages: Pages) -> None:
    account = pages.register()
    with pages.database.transaction() as session:
        session.merge(account).username = "<b id=x>&amp;'\""
    text = pages.browser().get(pages.mailed(account, ACTIVATE)).text
    assert "<b id" not in text
    assert "<b id=x>&amp;'\"" in Page(text).texts["main"]
