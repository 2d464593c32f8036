"""What every request passes and every response carries."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from core.links import ACTIVATE, RESET
from tests.pages.conftest import Page, Pages
from tests.world import ADDRESS

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; media-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
NEW = {"password": "Heron2026x", "confirmation": "Heron2026x"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/static/app.css", 200),
        ("GET", "/reset/1-x", 404),
        ("GET", "/nowhere", 404),
        ("GET", "/static/../server.py", 404),
        ("DELETE", "/activate/1-x", 405),
        ("POST", "/reset/1-x", 413),
    ],
)
def test_every_response_carries_the_security_headers(pages: Pages, method: str, path: str, status: int) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if status == 413 else {}
    answer = pages.browser().request(method, path, content=b"x" * 70_000 if headers else b"", headers=headers)
    assert answer.status_code == status
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in answer.headers


def test_a_crash_is_a_plain_page_with_the_same_headers(pages: Pages) -> None:
    path = pages.mailed(pages.register(), ACTIVATE)
    with pages.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE links")
    browser = TestClient(pages.browser().app, ADDRESS, raise_server_exceptions=False)
    answer = browser.get(path)
    assert (answer.status_code, Page(answer.text).texts["h1"]) == (500, "Something went wrong here")
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_browsers_are_told_to_insist_on_https_where_the_service_has_it(pages: Pages) -> None:
    browser = pages.browser("https://bot.example.org")
    assert browser.get("/healthz").headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example.org"},
        {"Origin": "http://127.0.0.1:8001"},
        {"Origin": "http://127.0.0.1:8000.evil.example.org"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example.org"},
    ],
)
def test_a_form_that_another_site_sends_changes_nothing(pages: Pages, headers: dict[str, str]) -> None:
    newcomer, account = pages.register(), pages.register("somebody", active=True)
    browser = pages.browser()
    assert browser.post(pages.mailed(newcomer, ACTIVATE), headers=headers).status_code == 403
    assert browser.post(pages.mailed(account, RESET), data=NEW, headers=headers).status_code == 403
    assert pages.kept(newcomer).state == "awaiting_activation"
    assert pages.kept(account).password_hash is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "same-origin", "Origin": ADDRESS},
        {"Origin": ADDRESS},
    ],
)
def test_our_own_form_is_taken_however_a_browser_announces_it(pages: Pages, headers: dict[str, str]) -> None:
    assert pages.browser().post(pages.mailed(pages.register(), ACTIVATE), headers=headers).status_code == 200


def test_a_link_in_a_mail_may_be_opened_from_another_site(pages: Pages) -> None:
    path = pages.mailed(pages.register(), ACTIVATE)
    assert pages.browser().get(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_a_body_without_a_length_is_cut_off_at_64_kb(pages: Pages) -> None:
    def body() -> Iterator[bytes]:
        yield b"password="
        for _ in range(20):
            yield b"x" * 5000

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    path = pages.mailed(pages.register(active=True), RESET)
    assert pages.browser().post(path, content=body(), headers=form).status_code == 413
    assert pages.browser().post(path, content=b"password=" + b"x" * 60_000, headers=form).status_code == 422


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"", ""),
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"password=%FF%00%ED%A0%80", "application/x-www-form-urlencoded"),
        (b"&".join(b"a=b" for _ in range(2000)), "application/x-www-form-urlencoded"),
        (b'{"password": "Heron2026x"}', "application/json"),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
        (b"nonsense", "multipart/form-data"),
        (
            b'--x\r\nContent-Disposition: form-data; name="password"; filename="p"\r\n\r\nHeron2026x\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_what_is_no_form_is_answered_and_changes_nothing(pages: Pages, content: bytes, content_type: str) -> None:
    account = pages.register(active=True)
    headers = {"Content-Type": content_type} if content_type else {}
    answer = pages.browser().post(pages.mailed(account, RESET), content=content, headers=headers)
    assert answer.status_code in {400, 422}
    assert Page(answer.text).texts["h1"]
    assert pages.kept(account).password_hash is None


@pytest.mark.parametrize("host", ["evil.example.org", "evil.example.org:8000", ""])
def test_no_page_repeats_the_host_that_a_request_names(pages: Pages, host: str) -> None:
    path, browser = pages.mailed(pages.register(), ACTIVATE), pages.browser()
    for tried in (path, f"{path}/", "/nowhere", "/static"):
        answer = browser.get(tried, headers={"Host": host, "X-Forwarded-Host": "evil.example.org"})
        assert "evil" not in answer.text + str(answer.headers)
        assert answer.status_code in {200, 404}


@pytest.mark.parametrize("path", ["/", "/nowhere", "/activate", "/activate/", "/reset/a/b", "/mail", "/mail/1", "/%00"])
def test_an_unknown_path_is_a_plain_page(pages: Pages, path: str) -> None:
    answer = pages.browser().get(path)
    assert answer.status_code == 404
    assert Page(answer.text).texts["h1"] == "There is nothing at this address"
