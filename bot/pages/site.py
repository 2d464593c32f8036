"""What a page works with: the database, the keys, the clock, the wording and the templates."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Protocol

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse

from core import rules
from core.database import Database
from core.keys import Keys


class Wording(Protocol):
    """A language of the knowledge base, as far as pages speak it."""

    @property
    def code(self) -> str:
        """The language's code, for example "en"."""

    def page_text(self, key: str, /, **fields: object) -> str:
        """A text of the pages, its fields filled in."""


NAVIGATION = (
    ("chat", "/"),
    ("create", "/account/create"),
    ("sign_in", "/account/sign-in"),
    ("recover", "/account/recover"),
)


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that the pages need, put together by `bot.web.server`."""

    database: Database
    keys: Keys
    clock: Callable[[], datetime]
    wording: Callable[[], Wording]  # asked at every page, so that an edit shows at once
    templates: Environment

    def text(self, key: str, **fields: object) -> str:
        """Return a text of the pages."""
        return self.wording().page_text(key, **fields)

    def page(self, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
        """Return a page; the template sees `t` (the wording), `language`, `navigation` and the values, all escaped."""
        wording = self.wording()
        shared: dict[str, object] = {
            "t": wording.page_text,
            "language": wording.code,
            "navigation": NAVIGATION,
            "password_min": rules.PASSWORD_MIN,
            "password_max": rules.PASSWORD_MAX,
        }
        return HTMLResponse(self.templates.get_template(template).render(shared | values), status)

    def message(
        self, title: str, *paragraphs: str, status: int = 200, leads_to: str = "", **fields: object
    ) -> HTMLResponse:
        """Return a page that only says something: the texts `title` and `paragraphs`.

        `leads_to` is a name of `NAVIGATION`: where people go from here.
        """
        address = dict(NAVIGATION).get(leads_to, "")
        values = {"title": title, "paragraphs": paragraphs, "fields": fields, "leads_to": leads_to, "address": address}
        return self.page("message.html", status=status, **values)


def network_of(request: Request) -> str:
    """Return whose budget a request spends: its IPv4 address, or the /64 that one IPv6 household has."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ip_network((int(address), 64), strict=False))
    return str(address)
