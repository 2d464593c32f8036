"""A page speaks the language that the browser asks for, where the knowledge has it, and English everywhere else."""

import re

import pytest
from sqlalchemy import select

from core.links import ACTIVATE
from core.tables import Conversation
from tests.pages.conftest import Page, Pages
from tests.pages.test_account_forms import NEW, Visitor


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("es-MX,es;q=0.9,en;q=0.5", "es"),
        ("es", "es"),
        ("ES-us", "es"),
        ("en;q=0.4, es;q=0.8", "es"),
        ("en-US,en;q=0.9,es;q=0.8", "en"),
        ("fr, es;q=0.1", "es"),
        ("fr", "en"),
        ("es;q=0", "en"),
        ("es;q=much", "en"),
        ("*", "en"),
        ("", "en"),
        ("," * 5000 + "es", "en"),
    ],
)
def test_a_page_speaks_the_language_that_the_browser_likes_best(pages: Pages, asked: str, language: str) -> None:
    path = pages.mailed(pages.register(), ACTIVATE)
    answer = pages.browser().get(path, headers={"accept-language": asked})
    page = Page(answer.text)
    assert page.language == language
    assert page.texts["h1"].strip() == {"en": "Activate your account", "es": "Active su cuenta"}[language]


def test_an_error_page_speaks_it_too(pages: Pages) -> None:
    answer = pages.browser().get("/nothing-here", headers={"accept-language": "es"})
    assert answer.status_code == 404
    assert Page(answer.text).language == "es"


def test_one_browsers_language_is_not_the_next_ones(pages: Pages) -> None:
    path = pages.mailed(pages.register(), ACTIVATE)
    browser = pages.browser()
    heard = [
        Page(browser.get(path, headers={"accept-language": each}).text).language for each in ("es", "en", "es", "")
    ]
    assert heard == ["es", "en", "es", "en"]


@pytest.mark.parametrize("address", ["http://localhost:8000", "https://support.example.org"])
def test_a_person_switches_the_pages_and_the_browser_remembers_it(pages: Pages, address: str) -> None:
    browser = pages.browser(address)
    first = browser.get("/account/sign-in?more=1", headers={"accept-language": "en"})
    (link,) = re.findall(r'<a href="([^"]*)" lang="es" hreflang="es">Español</a>', first.text)
    assert link == "?more=1&amp;language=es", "whatever else stands in the address stays"
    switched = browser.get("/account/sign-in?more=1&language=es", headers={"accept-language": "en"})
    assert Page(switched.text).texts["h1"].strip() == "Iniciar sesión"
    cookie = next(each for each in switched.headers.get_list("set-cookie") if each.startswith("language="))
    assert {"language=es", "HttpOnly", "SameSite=lax", "Path=/", "Max-Age=31536000"} <= set(cookie.split("; "))
    assert ("Secure" in cookie.split("; ")) == address.startswith("https")
    assert Page(browser.get("/account/recover", headers={"accept-language": "en"}).text).language == "es"
    assert Page(browser.get("/account/recover?language=en").text).language == "en"


@pytest.mark.parametrize("code", ["xx", "../en", "es\r\nset-cookie: a=b", "e" * 5000, "", "%00"])
def test_a_switch_to_a_language_that_there_is_not_changes_nothing(pages: Pages, code: str) -> None:
    answer = pages.browser().get("/account/sign-in", params={"language": code}, headers={"accept-language": "es"})
    assert answer.status_code == 200
    assert Page(answer.text).language == "es"
    assert code == "xx" or not any(each.startswith("language") for each in answer.headers.get_list("set-cookie"))


def test_a_switch_leaves_no_way_to_write_into_the_page(pages: Pages) -> None:
    answer = pages.browser().get('/account/sign-in?a="><script>alert(1)</script>&b=%ff&c=%2522&language=en')
    assert "<script>alert" not in answer.text
    (link,) = re.findall(r'<a href="([^"]*)" lang="es"', answer.text)
    assert link.startswith("?a=%22%3E%3Cscript")
    assert link.endswith("&amp;language=es")


def test_a_form_says_what_is_wrong_in_the_pages_language_and_its_letter_is_written_in_it(pages: Pages) -> None:
    visitor = Visitor(pages)
    visitor.opens("/account/create")
    for code, wrong in (("es", "Escriba su nombre."), ("en", "Type your first name.")):
        visitor.opens(f"/account/create?language={code}")
        assert wrong in visitor.sends("/account/create", {}).texts["mistakes"]
        assert visitor.status == 422
        visitor.sends("/account/create", NEW | {"username": f"annlee{code}"})
        with pages.database.reading() as session:
            assert session.scalars(select(Conversation.language)).all() == [code]
