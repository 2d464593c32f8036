"""The server over HTTP on loopback: it serves, it tells nobody what it runs on, and its logs hold no token."""

import http.client
import logging
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from bot.web.server import server
from core.links import ACTIVATE, RESET
from tests.pages.conftest import Pages

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def port(pages: Pages) -> Iterator[int]:
    """Yield the port of a running server."""
    running = server(pages.browser().app, "127.0.0.1", 0)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield running.servers[0].sockets[0].getsockname()[1]
    running.should_exit = True
    thread.join()


def ask(
    port: int, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
) -> tuple[int, str, str]:
    """Return status, headers and body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, str(answer.headers), text


def test_a_person_activates_and_sets_a_password_over_http(pages: Pages, port: int) -> None:
    account = pages.register()
    assert ask(port, "POST", pages.mailed(account, ACTIVATE))[0] == 200
    path = pages.mailed(account, RESET)
    assert ask(port, "GET", path)[0] == 200
    typed = urlencode({"password": "Heron2026x", "confirmation": "Heron2026x"})
    assert ask(port, "POST", path, typed, FORM)[0] == 200
    assert pages.kept(account).password_hash


def test_the_server_does_not_say_what_it_runs_on(port: int) -> None:
    _, headers, _ = ask(port, "GET", "/healthz")
    assert "server" not in headers.casefold()
    assert "uvicorn" not in headers.casefold()


def test_no_token_password_or_address_reaches_a_log_even_at_its_most_talkative(
    pages: Pages, port: int, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    path = pages.mailed(pages.register(active=True), RESET)
    typed = urlencode({"password": "Heron2026x", "confirmation": "Heron2026x"})
    ask(port, "GET", path)
    ask(port, "POST", path, typed[:-1], FORM)
    ask(port, "POST", path, typed, FORM)
    ask(port, "POST", path, typed, FORM)
    with pages.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE links")
    assert ask(port, "POST", path, typed, FORM)[0] == 500
    give_up = time.monotonic() + 10
    while "Traceback" not in caplog.text and time.monotonic() < give_up:
        time.sleep(0.01)
    written = caplog.text + "".join(capfd.readouterr())
    assert "Traceback" in written
    assert not any(secret in written for secret in (path.rpartition("/")[2], "Heron2026", "anngause"))
