"""What tests of pages work with: the application on a database of its own, and somebody with a browser."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bot.web.server import create_app
from core.database import Database
from core.keys import Keys
from core.links import Purpose
from core.tables import Account
from tests import people
from tests.databases import Databases
from tests.world import ADDRESS, library


@dataclass
class Pages:
    """The application, people with links, and a clock that tests own."""

    database: Database
    keys: Keys = field(default_factory=lambda: Keys(people.SECRET))
    now: datetime = datetime(2026, 11, 16, 18, 0, tzinfo=UTC)

    def browser(self, address: str = ADDRESS, network: str = "203.0.113.7") -> TestClient:
        """Return a browser at `address`, on a network of its own."""
        app = create_app(
            database=self.database,
            keys=self.keys,
            address=ADDRESS if address.startswith("http://") else address,
            library=library,
            clock=lambda: self.now,
        )
        return TestClient(app, address, client=(network, 50000), follow_redirects=False)

    def register(self, username: str = "anngause", *, active: bool = False) -> Account:
        """Return a new account."""
        return people.register(self.database, self.now, username, active=active)

    def mailed(self, account: Account, purpose: Purpose) -> str:
        """Return the path of a mailed link."""
        return f"/{purpose}/{people.mailed_link(self.database, self.keys, account, purpose, self.now)}"

    def kept(self, account: Account) -> Account:
        """Return the account as it is now."""
        return people.kept(self.database, account)

    def later(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)


@pytest.fixture
def pages(databases: Databases, tmp_path: Path) -> Iterator[Pages]:
    """Yield the application on a new database."""
    with databases.in_file(tmp_path / "pages.db") as database:
        yield Pages(database)


class Page(HTMLParser):
    """A page as assistive technology takes it in: its language, title, heading, fields with their descriptions."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.language = ""
        self.texts: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        self.inputs: dict[str, dict[str, str | None]] = {}
        self.links: list[str] = []
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        assert not self._open, f"never closed: {[tag for tag, _ in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what opens."""
        values = dict(attrs)
        assert not [name for name in values if name.startswith("on")], "a script in an attribute"
        assert tag != "style", "<style> would be refused by the page's own policy"
        assert (values.get("src") or "/").startswith("/"), f"<{tag}> asks another host for something"
        assert tag != "script" or values["src"] == "/static/app.js", "a script that is not the one"
        if tag == "html":
            self.language = values["lang"] or ""
        if tag == "input" and values.get("type") != "hidden" and not self._is_hidden():
            self.inputs[values["id"] or ""] = values
        if tag == "a" and any(each == "main" for each, _ in self._open):
            self.links.append(values["href"] or "")
        if tag not in {"meta", "link", "input", "br", "img"}:
            self._open.append((tag, values))

    def handle_endtag(self, tag: str) -> None:
        """Note what closes; it has to be what opened last."""
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        """Note the text, under its tag, and under every id around it."""
        for tag, values in self._open:
            for name in {tag, values.get("id") or tag}:
                self.texts[name] = self.texts.get(name, "") + data
        if self._open and self._open[-1][0] == "label" and not self._is_hidden():
            self.labels[self._open[-1][1]["for"] or ""] = data

    def _is_hidden(self) -> bool:
        """Return whether this is for scripts to show."""
        return any("hidden" in values for _, values in self._open)

    def description(self, field_id: str) -> str:
        """Return what is read out with a field beside its label."""
        described_by = (self.inputs[field_id].get("aria-describedby") or "").split()
        return " ".join(" ".join(self.texts.get(each, "").split()) for each in described_by)
