"""Forms of the profile that come wrong, and what they do once: names, phrase, e-mail address, password."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from core import rules
from core.tables import Account, AccountRequest
from tests.pages.conftest import Pages
from tests.pages.test_account_forms import PASSWORD, Visitor, requests
from tests.pages.test_accounts_and_strangers import active, signs_in

EMAIL = {"email": "new@example.org", "email_again": "new@example.org", "current": PASSWORD}
PROFILE = {"first_name": "Anna", "last_name": "Lee", "phrase": "two herons"}


@pytest.fixture
def ann(pages: Pages) -> Visitor:
    """Return somebody who is signed in."""
    active(pages)
    visitor = Visitor(pages)
    signs_in(visitor, "anngause")
    return visitor


def active_account(pages: Pages) -> Account:
    """Return the one account of these tests."""
    with pages.database.transaction() as session:
        return session.scalars(select(Account)).one()


@pytest.mark.parametrize(
    ("path", "typed", "field", "status", "said"),
    [
        ("profile", PROFILE | {"first_name": ""}, "first_name", 422, "first name"),
        ("profile", PROFILE | {"last_name": "x" * 101}, "last_name", 422, "at most 100"),
        ("profile", PROFILE | {"phrase": " "}, "phrase", 422, "recognize"),
        ("profile", PROFILE | {"last_name": "see www.example.org"}, "last_name", 422, "Type the name alone"),
        (
            "email",
            EMAIL | {"email": "anngause@example.org", "email_again": "AnnGause@example.org"},
            "email",
            422,
            "alr",
        ),
        ("email", EMAIL | {"email": "new"}, "email", 422, "does not look like"),
        ("email", EMAIL | {"email_again": "other@example.org"}, "email_again", 422, "not the same"),
        ("email", EMAIL | {"current": "Wrong1heron"}, "current", 403, "not your current password"),
        ("email", EMAIL | {"current": ""}, "current", 403, "Type your password"),
        ("password", {"current": PASSWORD, "password": "Password1"}, "password", 422, "guessed soon"),
        (
            "password",
            {"current": PASSWORD, "password": PASSWORD, "password_again": PASSWORD},
            "password",
            422,
            "your password already",
        ),
        ("password", {"current": PASSWORD, "password": "Meadow7Lark"}, "password_again", 422, "not the same"),
    ],
)
def test_a_mistake_is_told_beside_its_field_and_nothing_is_changed(
    pages: Pages, ann: Visitor, path: str, typed: dict[str, str], field: str, status: int, said: str
) -> None:
    before = active_account(pages)
    ann.opens(f"/account/{path}")
    page = ann.sends(f"/account/{path}", typed)
    assert ann.status == status
    assert said in page.description(field)
    for name in {"first_name", "last_name", "phrase", "email", "email_again"} & typed.keys() & page.inputs.keys():
        assert (page.inputs[name].get("value") or "") == typed[name].strip()
    assert PASSWORD not in ann.text
    after = active_account(pages)
    assert (after.first_name, after.email, after.password_hash) == (
        before.first_name,
        before.email,
        before.password_hash,
    )
    assert requests(pages) == []


@pytest.mark.parametrize(
    ("path", "typed"),
    [("profile", PROFILE), ("email", EMAIL), ("password", {"current": PASSWORD}), ("sign-out-everywhere", {})],
)
def test_a_form_without_our_token_changes_nothing_and_is_shown_again(
    pages: Pages, ann: Visitor, path: str, typed: dict[str, str]
) -> None:
    ann.opens("/account")
    page = ann.sends(f"/account/{path}", typed | {"csrf": "0" * 32})
    assert ann.status == 403
    assert "Nothing was done" in page.texts["mistakes"]
    assert active_account(pages).first_name == "Ann"
    assert requests(pages) == []
    assert "Ann Example" in ann.opens("/account").texts["h1"]


def test_002_the_password_is_no_phrase_and_the_phrase_no_password(pages: Pages, ann: Visitor) -> None:
    ann.opens("/account/profile")
    page = ann.sends("/account/profile", PROFILE | {"phrase": PASSWORD})
    assert (ann.status, active_account(pages).protection_phrase) == (422, "blue heron")
    assert "This is your password" in page.description("phrase")
    ann.sends("/account/profile", PROFILE | {"phrase": "Meadow7Lark at noon"})
    ann.opens("/account/password")
    new = {"current": PASSWORD, "password": "Meadow7Lark", "password_again": "Meadow7Lark"}
    page = ann.sends("/account/password", new)
    assert ann.status == 422
    assert "the phrase is shown to whoever" in page.description("password")


def test_names_and_phrase_are_kept_once_they_are_right(pages: Pages, ann: Visitor) -> None:
    ann.opens("/account/profile")
    page = ann.sends("/account/profile", PROFILE)
    assert "Anna Lee's account" in page.texts["h1"]
    assert "Your profile is changed" in page.texts["main"]
    kept = active_account(pages)
    assert (kept.first_name, kept.last_name, kept.protection_phrase) == ("Anna", "Lee", "two herons")


def test_an_address_is_asked_for_so_often_and_no_more(pages: Pages, ann: Visitor) -> None:
    for _ in range(rules.CHAT_REQUESTS_AN_HOUR):
        ann.opens("/account/email")
        ann.sends("/account/email", EMAIL)
        assert ann.status == 303
    ann.opens("/account/email")
    page = ann.sends("/account/email", EMAIL)
    assert ann.status == 429
    assert page.inputs["email"]["value"] == "new@example.org"
    with pages.database.transaction() as session:
        assert len(session.scalars(select(AccountRequest)).all()) == rules.CHAT_REQUESTS_AN_HOUR


def test_of_two_new_passwords_at_once_the_later_one_holds_and_one_browser_stays(pages: Pages, ann: Visitor) -> None:
    ann.opens("/account/password")

    def send(number: int) -> int:
        new = f"Meadow{number}Lark"
        form = {"csrf": ann.csrf, "current": PASSWORD, "password": new, "password_again": new}
        return ann.client.post("/account/password", data=form).status_code

    with ThreadPoolExecutor(2) as threads:
        statuses = list(threads.map(send, (3, 7)))
    assert 303 in statuses
    assert set(statuses) <= {303, 403}
    assert "Ann Example" in ann.opens("/account").texts["h1"]
