"""The whole site of a world, account pages, chat and desk, and any number of browsers without scripts on it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from httpx2 import Cookies, Response
from sqlalchemy import event
from starlette.routing import BaseRoute, Mount, Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.web.server import create_app
from core import verification
from core.tables import Challenge
from tests.channels.web_chat import channel_over
from tests.channels.web_page import ChatPage
from tests.desk.office import Office
from tests.world import ADDRESS, Characters, MailedCode, Press, World, library, typed

_NETWORK = b"x-network"
_CSRF = re.compile(r'name="csrf" value="(\w+)"')
_CHALLENGE = re.compile(r"(?:challenge=|/chat/(?:picture|sound)/)(\d+)")


class Site:
    """Every page of a service on the world's database, served to browsers of any network."""

    def __init__(self, world: World, address: str = ADDRESS) -> None:
        """Serve under `address`; the office is the help desk of the same service."""
        self.world = world
        self.address = address
        self.office = Office(world)
        self.database = self.office.database
        self.channel = channel_over(world, self.database)
        self.statements: list[str] = []
        self.app = create_app(
            database=self.database,
            keys=world.keys,
            address=address,
            library=library,
            clock=world.clock,
            desk=(self.office.desk, self.office.hub),
            chat=self.channel,
        )
        self.client = TestClient(_Networks(self.app), address, follow_redirects=False, raise_server_exceptions=False)
        event.listen(self.database.engine, "before_cursor_execute", self._note)

    def browser(self, network: str = "203.0.113.7") -> "Browser":
        """Return a new browser."""
        return Browser(self, network)

    @property
    def paths(self) -> dict[str, frozenset[str]]:
        """The methods of every address, with its parameters as the routes name them."""
        return dict(_paths(self.app.routes))

    def _note(self, _c: object, _d: object, sql: str, _p: object, _x: object, _m: object) -> None:
        self.statements.append(sql)


@contextmanager
def serving(world: World, address: str = ADDRESS) -> Iterator[Site]:
    """Yield the site while it is served."""
    site = Site(world, address)
    with site.client as client:
        yield site
        assert client.portal is not None
        client.portal.call(site.channel.stop)
    site.database.close()


class Browser:
    """Somebody with cookies of their own; forms are sent as the last page had them."""

    def __init__(self, site: Site, network: str) -> None:
        self.site = site
        self.network = network
        self.cookies = Cookies()
        self.text = ""
        self.status = 0
        self.answer: Response | None = None

    def gets(self, path: str, **headers: str) -> Response:
        """Ask for a page."""
        return self.asks("GET", path, headers=headers)

    def posts(self, path: str, fields: Mapping[str, str], **headers: str) -> Response:
        """Send a form as it is."""
        return self.asks("POST", path, fields, headers)

    def sends(self, path: str, fields: Mapping[str, str], *, characters: bool = True) -> Response:
        """Send a form of the last page, with its token and the characters that it shows; follow where that leads."""
        given = {"csrf": self.csrf, **fields}
        if characters and _CHALLENGE.search(self.text):
            given.setdefault("characters", self.characters)
        answer = self.posts(path, given)
        while answer.status_code == 303:
            answer = self.gets(answer.headers["location"].partition("#")[0])
        return answer

    def says(self, said: str | Press | Characters | MailedCode) -> ChatPage:
        """Say something in the chat, or press a button of it; return the page with the answer."""
        page = ChatPage(self.text)
        if isinstance(said, Press):
            fields = page.buttons[said.label]
        else:
            shown = self.characters if isinstance(said, Characters) and not said.wrong else "333333"
            text = shown if isinstance(said, Characters) else typed(self.site.world, said, None)
            fields = {**page.fields, "text": text}
        answer = self.posts("/", fields)
        if answer.status_code == 303:
            self.gets("/")
        return ChatPage(self.text)

    def asks(
        self, method: str, path: str, fields: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Send a request with this browser's cookies, and keep those that it is given."""
        client = self.site.client
        client.cookies = self.cookies
        sent = {_NETWORK.decode(): self.network, **(headers or {})}
        self.answer = client.request(method, path, data=dict(fields) if fields is not None else None, headers=sent)
        self.cookies = Cookies(client.cookies)
        self.text, self.status = self.answer.text, self.answer.status_code
        return self.answer

    @property
    def csrf(self) -> str:
        """The token of the last page's forms."""
        found = _CSRF.search(self.text)
        return found[1] if found else ""

    @property
    def characters(self) -> str:
        """What the last page asks to be typed."""
        number = int(_CHALLENGE.findall(self.text)[-1])
        with self.site.database.reading() as session:
            row = session.get_one(Challenge, number)
            return verification.shown(self.site.world.keys, row.kind, verification.reference(row))


class _Networks:
    """Takes a header of the tests for the network that a request comes from."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope.get("headers", ())).get(_NETWORK)
        await self._app({**scope, "client": (given.decode(), 50000)} if given else scope, receive, send)


def _paths(routes: Sequence[BaseRoute]) -> Iterator[tuple[str, frozenset[str]]]:
    for route in routes:
        if isinstance(route, Route):
            yield route.path, frozenset(route.methods or ())
        elif isinstance(route, Mount):
            yield from _paths(route.routes)
