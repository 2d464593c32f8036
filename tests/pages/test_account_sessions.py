"""Sessions of accounts: hashes that are renewed, cookies for the account pages alone, and what ends them."""

from sqlalchemy import select

from bot.pages.door import ACCOUNT_COOKIE
from core import links, passwords, rules
from core.tables import AccountSession
from tests.pages.conftest import Pages
from tests.pages.test_account_forms import PASSWORD, Visitor
from tests.pages.test_accounts_and_strangers import active, signs_in


def test_a_session_is_a_hash_renewed_on_the_way_and_ends_by_silence(pages: Pages) -> None:
    active(pages)
    visitor = Visitor(pages)
    signs_in(visitor, "anngause")
    first = visitor.client.cookies[ACCOUNT_COOKIE]
    with pages.database.transaction() as session:
        assert first not in str(session.scalars(select(AccountSession.token_hash)).all())
    pages.later(minutes=rules.SESSION_ROTATES_MINUTES)
    visitor.opens("/account")
    renewed = visitor.client.cookies[ACCOUNT_COOKIE]
    assert renewed != first
    pages.later(minutes=2)
    thief = Visitor(pages)
    thief.client.cookies.set(ACCOUNT_COOKIE, first, path="/account")
    assert thief.opens("/account").texts["h1"] == "Sign in"
    assert visitor.opens("/account").texts["h1"] == "Sign in", "a copied token ends the whole session"
    signs_in(visitor, "anngause")
    pages.later(minutes=rules.SESSION_IDLE_MINUTES)
    assert visitor.opens("/account").texts["h1"] == "Sign in"


def test_cookies_are_for_the_account_pages_alone_and_no_script_reads_them(pages: Pages) -> None:
    active(pages)
    visitor = Visitor(pages)
    visitor.opens("/account/sign-in")
    answer = visitor.client.post(
        "/account/sign-in/password", data={"csrf": visitor.csrf, "username": "anngause", "password": PASSWORD}
    )
    (given,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith(f"{ACCOUNT_COOKIE}=")]
    assert all(part in given for part in ("HttpOnly", "SameSite=lax", "Path=/account"))


def test_a_new_password_signs_out_every_other_browser_and_tells_the_owner(pages: Pages) -> None:
    account = active(pages)
    here, elsewhere = Visitor(pages), Visitor(pages)
    signs_in(here, "anngause")
    signs_in(elsewhere, "anngause")
    here.opens("/account/password")
    new = {"password": "Meadow7Lark", "password_again": "Meadow7Lark"}
    page = here.sends("/account/password", {"current": "Wrong1heron", **new})
    assert here.status == 403
    assert "not your current password" in page.description("current")
    page = here.sends("/account/password", {"current": PASSWORD, **new})
    assert "Your password is changed" in page.texts["main"]
    assert elsewhere.opens("/account").texts["h1"] == "Sign in"
    assert passwords.matches(pages.kept(account).password_hash or "", "Meadow7Lark")


def test_a_reset_by_mail_signs_out_every_browser(pages: Pages) -> None:
    account = active(pages)
    visitor = Visitor(pages)
    signs_in(visitor, "anngause")
    path = pages.mailed(account, links.RESET)
    assert (
        pages.browser().post(path, data={"password": "Meadow7Lark", "confirmation": "Meadow7Lark"}).status_code == 200
    )
    assert visitor.opens("/account").texts["h1"] == "Sign in"
