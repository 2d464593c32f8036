"""The development mailbox: letters readable on this machine, and their links to follow."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from bot.web.mailbox import KeptLetter
from bot.web.server import create_app
from tests.pages.conftest import Page, Pages
from tests.world import ADDRESS, library


@dataclass(frozen=True)
class Kept:
    """A letter that was kept."""

    number: int
    body: str
    subject: str = "Activate your account"
    to: str = "ann@example.org"
    at: datetime = datetime(2026, 11, 16, 18, 0, tzinfo=UTC)
    html: str = ""


@dataclass
class Letters:
    """Whoever keeps them."""

    kept: list[Kept] = field(default_factory=list)

    def letters(self) -> Sequence[KeptLetter]:
        return self.kept


def browser(pages: Pages, letters: Letters, address: str = ADDRESS) -> TestClient:
    app = create_app(
        database=pages.database,
        keys=pages.keys,
        address=ADDRESS,
        wording=lambda: library().language("en"),
        clock=lambda: pages.now,
        letters=letters,
    )
    return TestClient(app, address)


def test_an_empty_mailbox_says_so(pages: Pages) -> None:
    assert "No letter" in browser(pages, Letters()).get("/mail").text


def test_letters_are_listed_newest_first(pages: Pages) -> None:
    letters = Letters([Kept(1, "first"), Kept(2, "second"), Kept(11, "eleventh")])
    assert Page(browser(pages, letters).get("/mail").text).links == ["/mail/11", "/mail/2", "/mail/1"]


def test_a_letter_is_read_and_its_link_followed(pages: Pages) -> None:
    link = f"{ADDRESS}{pages.mailed(pages.register(), 'activate')}"
    body = f"Hello Ann,\n\n  {link}\n\nhttps://evil.example.org/x {ADDRESS}.evil.example.org/x"
    reader = browser(pages, Letters([Kept(1, body)]))
    page = Page(reader.get("/mail/1").text)
    assert page.links == [link, "/mail"]
    assert body in page.texts["main"]
    assert "ann@example.org" in page.texts["main"]
    assert reader.get(page.links[0]).status_code == 200


def test_markup_in_a_letter_is_shown_not_obeyed(pages: Pages) -> None:
    letters = Letters([Kept(1, f'<script>1</script> {ADDRESS}/"><b>', subject="<i>x</i>", to="<u>@example.org")])
    for path in ("/mail", "/mail/1"):
        text = browser(pages, letters).get(path).text
        Page(text)
        assert "<i>" not in text
        assert "<b>" not in text
        assert "<u>" not in text


@pytest.mark.parametrize("path", ["/mail/2", "/mail/x", "/mail/-1", "/mail/" + "9" * 100])
def test_a_letter_that_is_not_there_is_a_plain_page(pages: Pages, path: str) -> None:
    assert browser(pages, Letters([Kept(1, "body")])).get(path).status_code == 404


@pytest.mark.parametrize("host", ["http://bot.example.org", "http://127.0.0.1.example.org", "http://192.0.2.1:8000"])
def test_under_a_name_that_is_not_this_machines_there_is_no_mailbox(pages: Pages, host: str) -> None:
    reader = browser(pages, Letters([Kept(1, "body")]), host)
    assert [reader.get("/mail").status_code, reader.get("/mail/1").status_code] == [404, 404]


def test_a_letter_is_shown_as_mail_programs_show_it_in_a_frame_that_may_do_nothing(pages: Pages) -> None:
    reader = browser(pages, Letters([Kept(1, "Hello", html="<p>Hello</p><script>alert(1)</script>")]))
    around, inside = reader.get("/mail/1"), reader.get("/mail/1/html")
    assert 'sandbox="allow-top-navigation-by-user-activation"' in around.text
    assert "frame-src 'self'" in around.headers["Content-Security-Policy"]
    policy = inside.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
