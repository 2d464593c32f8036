"""A page speaks the language that the browser asks for, where the knowledge has it, and English everywhere else."""

import pytest

from core.links import ACTIVATE
from tests.pages.conftest import Page, Pages


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
