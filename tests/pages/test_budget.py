"""How much a page loads: itself, the one stylesheet, the one script and the mark, within 100 kB."""

import re

import pytest

from tests.pages.conftest import Pages

BUDGET_BYTES = 100_000


@pytest.mark.parametrize("path", ["/account/create", "/account/recover/username", "/account/sign-in", "/activate/1-x"])
def test_a_page_and_everything_that_it_asks_for_stay_within_100_kb(pages: Pages, path: str) -> None:
    browser = pages.browser()
    page = browser.get(path)
    asked = set(re.findall(r'(?:src|href)="(/(?:static|account/verification)[^"]*)"', page.text))
    assert {"/static/app.css", "/static/app.js", "/static/logo.svg"} <= asked
    sizes = {each: len(browser.get(each.replace("&amp;", "&")).content) for each in asked}
    assert len(page.content) + sum(sizes.values()) <= BUDGET_BYTES, sizes
