"""Forms of the account pages that come wrong: the page again, a sentence beside the field, nothing lost or done."""

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import pytest
from httpx2 import Response
from sqlalchemy import select
from starlette.testclient import TestClient

from core import rules, verification
from core.tables import AccountRequest
from tests.challenges import reference
from tests.pages.conftest import Page, Pages

PASSWORD = "Blue4Heron"
NEW = {
    "username": "annlee1",
    "first_name": "Ann",
    "last_name": "Lee",
    "email": "ann@example.org",
    "email_again": "Ann@Example.org",
    "password": PASSWORD,
    "password_again": PASSWORD,
    "phrase": "the heron reads",
    "agree": "yes",
}
SECRETS = {"password", "password_again", "current", "characters"}


class Visitor:
    """Somebody with a browser without scripts, who sends forms as the last page had them."""

    def __init__(self, pages: Pages, network: str = "203.0.113.7") -> None:
        self.pages = pages
        self.client: TestClient = pages.browser(network=network)
        self.text = ""
        self.status = 0

    def opens(self, path: str) -> Page:
        """Open a page."""
        return self._took(self.client.get(path))

    def sends(self, path: str, fields: Mapping[str, str], *, characters: bool = True) -> Page:
        """Send a form of the last page; the verification characters are typed right, where there are any."""
        data = {"csrf": self.csrf, **fields}
        if characters and "challenge=" in self.text:
            data.setdefault("characters", self.characters)
        return self._took(self.client.post(path, data=data))

    def sends_raw(self, path: str, content: bytes, kind: str = "application/x-www-form-urlencoded") -> Page:
        """Send something as a form."""
        return self._took(self.client.post(path, content=content, headers={"Content-Type": kind}))

    @property
    def csrf(self) -> str:
        """The token of the last page's forms."""
        found = re.search(r'name="csrf" value="(\w+)"', self.text)
        return found[1] if found else ""

    @property
    def characters(self) -> str:
        """What stands in the last page's picture."""
        kind, number = re.findall(r"verification\.(png|wav)\?challenge=(\d+)", self.text)[0]
        challenge = reference(self.pages.database, int(number))
        return verification.shown(self.pages.keys, "characters" if kind == "png" else "spoken", challenge)

    def _took(self, answer: Response) -> Page:
        self.status = answer.status_code
        while answer.status_code == 303:
            answer = self.client.get(answer.headers["location"])
        self.text = answer.text
        return Page(answer.text)


@pytest.fixture
def ann(pages: Pages) -> Visitor:
    """Return somebody at the form of a new account."""
    visitor = Visitor(pages)
    visitor.opens("/account/create")
    return visitor


def requests(pages: Pages) -> list[str]:
    """Return what was asked of the worker."""
    with pages.database.transaction() as session:
        return list(session.scalars(select(AccountRequest.kind).order_by(AccountRequest.id)))


def keeps(page: Page, fields: Mapping[str, str]) -> None:
    """Check that everything typed is there still, but for secrets."""
    for name, value in fields.items():
        if name in SECRETS:
            assert "value" not in page.inputs.get(name, {})
        elif name == "agree":
            assert "checked" in page.inputs[name]
        else:
            assert unescape(page.inputs[name].get("value") or "") == value.strip()


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("username", "", "at least 5"),
        ("username", "ann", "at least 5"),
        ("username", "annlee1annlee1annlee1", "at most 16"),
        ("username", "ann lee!", "no spaces, punctuation"),
        ("username", "anñlee12", "letters A to Z"),
        ("first_name", " ", "first name"),
        ("first_name", "You won, see http://example.org/x", "Type the name alone"),
        ("first_name", "Go to WWW.example", "Type the name alone"),
        ("last_name", "Shop.Example.org", "Type the name alone"),
        ("last_name", "shop@example", "Type the name alone"),
        ("last_name", "<b>Lee</b>", "Type the name alone"),
        ("last_name", "x" * 101, "at most 100"),
        ("email", "ann.example.org", "does not look like"),
        ("email", "", "Type your e-mail"),
        ("email_again", "bob@example.org", "not the same"),
        ("email_again", "", "not the same"),
        ("password", "", "Type a new password"),
        ("password", "Ab1", "at least 8"),
        ("password", "Abcdefghijklmnop1", "at most 16"),
        ("password", "Password1", "guessed soon"),
        ("password", "x" * 20_000, "at most 16"),
        ("password_again", "Blue4heron", "not the same"),
        ("phrase", "", "phrase that you will recognize"),
        ("phrase", "x" * 201, "at most 200"),
        ("agree", "", "only have an account if you agree"),
        ("characters", "333333", "do not match"),
        ("characters", "", "Type the verification characters"),
    ],
)
def test_002_a_mistake_is_told_beside_its_field_and_everything_else_is_kept(
    pages: Pages, ann: Visitor, field: str, typed: str, said: str
) -> None:
    fields = NEW | {field: typed}
    page = ann.sends("/account/create", fields)
    assert ann.status == 422
    assert said in page.description(field)
    assert page.inputs[field]["aria-invalid"] == "true"
    assert f"#{field}" in page.links
    assert page.texts["title"].startswith("Not yet:")
    keeps(page, {name: value for name, value in fields.items() if name != "agree" or value})
    assert PASSWORD not in ann.text
    assert requests(pages) == []
    ann.sends("/account/create", NEW)
    assert ann.status == 303, "a mistake that was mended was refused again"
    assert requests(pages) == ["register"]


@pytest.mark.parametrize("phrase", [PASSWORD, f"my {PASSWORD.upper()} today"])
def test_002_a_phrase_that_shows_the_password_is_refused(pages: Pages, ann: Visitor, phrase: str) -> None:
    page = ann.sends("/account/create", NEW | {"phrase": phrase})
    assert (ann.status, requests(pages)) == (422, [])
    assert "the phrase is shown to whoever" in page.description("password")


def test_passwords_that_were_emptied_are_asked_for_again_in_a_sentence(pages: Pages, ann: Visitor) -> None:
    page = ann.sends("/account/create", NEW | {"phrase": ""})
    assert "Please type yours again" in page.texts["main"]
    assert "Please type yours again" not in ann.opens("/account/create").texts["main"]


@pytest.mark.parametrize("csrf", ["", "0" * 32, "é"])
def test_a_form_without_our_token_does_nothing_and_loses_nothing(pages: Pages, ann: Visitor, csrf: str) -> None:
    page = ann.sends("/account/create", NEW | {"csrf": csrf})
    assert ann.status == 403
    assert "Nothing was done" in page.texts["mistakes"]
    keeps(page, NEW)
    assert requests(pages) == []
    ann.sends("/account/create", NEW)
    assert requests(pages) == ["register"]


def test_the_token_of_another_browser_is_none(pages: Pages, ann: Visitor) -> None:
    other = Visitor(pages)
    other.opens("/account/create")
    ann.sends("/account/create", NEW | {"csrf": other.csrf})
    assert (ann.status, requests(pages)) == (403, [])


def test_a_browser_that_keeps_no_cookies_is_told_so(pages: Pages, ann: Visitor) -> None:
    ann.client.cookies.clear()
    page = ann.sends("/account/create", NEW)
    assert ann.status == 403
    assert "allow cookies" in page.texts["mistakes"]
    keeps(page, NEW)


@pytest.mark.parametrize("path", ["/account/create", "/account/recover/password", "/account/sign-in"])
@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"username=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"", "", 403),
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded", 403),
        (b'{"username": "annlee1"}', "application/json", 403),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x", 403),
        (b"nonsense", "multipart/form-data", 400),
        (b"&".join(b"a%d=b" % number for number in range(3000)), "application/x-www-form-urlencoded", 400),
    ],
)
def test_what_is_no_form_is_answered_with_the_page_and_a_sentence(
    pages: Pages, path: str, content: bytes, kind: str, status: int
) -> None:
    visitor = Visitor(pages)
    title = visitor.opens(path).texts["h1"]
    page = visitor.sends_raw(path, content, kind)
    assert visitor.status == status
    assert page.texts["h1"] == title
    assert page.texts["mistakes"]
    assert requests(pages) == []


def test_bytes_that_are_no_text_are_told_beside_their_field(pages: Pages, ann: Visitor) -> None:
    typed = "&".join(f"{name}={value}" for name, value in NEW.items() if name != "first_name")
    page = ann.sends_raw("/account/create", f"csrf={ann.csrf}&first_name=A%FFn%00&{typed}".encode())
    assert ann.status == 422
    assert "could not read" in page.description("first_name")
    assert page.inputs["last_name"]["value"] == "Lee"
    assert requests(pages) == []


def test_a_field_that_comes_twice_is_told_and_the_first_is_kept(pages: Pages, ann: Visitor) -> None:
    typed = "&".join(f"{name}={value}" for name, value in NEW.items())
    body = f"csrf={ann.csrf}&{typed}&email=thief@example.org&characters={ann.characters}"
    page = ann.sends_raw("/account/create", body.encode())
    assert ann.status == 422
    assert "twice" in page.description("email")
    assert page.inputs["email"]["value"] == "ann@example.org"
    assert requests(pages) == []


def test_a_form_that_is_sent_again_after_it_was_done_does_nothing_more(pages: Pages, ann: Visitor) -> None:
    again = NEW | {"characters": ann.characters}
    ann.sends("/account/create", NEW)
    page = ann.sends("/account/create", again | {"csrf": ann.csrf})
    assert ann.status == 422
    assert "used already" in page.description("characters")
    assert "/account/sent" in page.links, "the way to what was sent is not shown"
    keeps(page, NEW)
    assert requests(pages) == ["register"]


def test_of_eight_forms_sent_at_once_one_is_done(pages: Pages, ann: Visitor) -> None:
    fields = NEW | {"csrf": ann.csrf, "characters": ann.characters}
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: ann.client.post("/account/create", data=fields), range(8)))
    assert sorted(answer.status_code for answer in answers)[0] == 303
    assert sum(answer.status_code == 303 for answer in answers) == 1
    assert {answer.status_code for answer in answers} <= {303, 409, 422}
    assert requests(pages) == ["register"]


def test_who_recovers_a_username_is_asked_for_an_address(pages: Pages, ann: Visitor) -> None:
    ann.opens("/account/recover/username")
    page = ann.sends("/account/recover/username", {"identifier": ""})
    assert "Type your e-mail address" in page.description("identifier")


def test_a_network_that_asks_too_often_waits_and_loses_nothing(pages: Pages, ann: Visitor) -> None:
    for _ in range(rules.NETWORK_USERNAMES_AN_HOUR):
        ann.client.post("/account/check/username", data={"username": "annlee1"})
    assert ann.client.post("/account/check/username", data={"username": "annlee1"}).status_code == 429
    page = ann.sends("/account/create", NEW)
    assert ann.status == 429
    assert "wait" in page.texts["mistakes"]
    keeps(page, NEW)
    other = Visitor(pages, network="203.0.113.9")
    other.opens("/account/create")
    other.sends("/account/create", NEW)
    assert requests(pages) == ["register"]
