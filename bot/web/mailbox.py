"""The development mailbox: letters that would be mailed, readable on the machine that has no mail server."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.pages.site import Site
from bot.web.guard import CONTENT_SECURITY

# A letter may do less than in any mail program: show itself within our page, and be followed from there.
LETTERS_SECURITY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self';"
    " sandbox allow-top-navigation-by-user-activation"
)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class KeptLetter(Protocol):
    """A letter as its recipient would see it."""

    @property
    def number(self) -> int:
        """Its place in the order of sending, from 1."""

    @property
    def at(self) -> datetime:
        """When it would have been sent."""

    @property
    def to(self) -> str:
        """The address of its recipient."""

    @property
    def subject(self) -> str:
        """Its subject."""

    @property
    def body(self) -> str:
        """Its plain text."""

    @property
    def html(self) -> str:
        """It as mail programs show it; empty where it is text alone."""


class Mailbox(Protocol):
    """Whoever keeps the letters."""

    def letters(self) -> Sequence[KeptLetter]:
        """The letters that are kept."""


def routes(site: Site, mailbox: Mailbox, address: str) -> list[Route]:
    """Return the routes /mail and /mail/<number>; addresses of this service in a letter can be followed."""
    own_address = re.compile(rf"({re.escape(address)}/\S+)")

    def all_letters(request: Request) -> Response:
        _refuse_other_names(request)
        newest_first = sorted(mailbox.letters(), key=lambda letter: letter.number, reverse=True)
        return site.page("mailbox.html", letters=newest_first)

    def one_letter(request: Request) -> Response:
        _refuse_other_names(request)
        letter = found(request)
        page = site.page("letter.html", letter=letter, pieces=own_address.split(letter.body))
        page.headers["Content-Security-Policy"] = f"{CONTENT_SECURITY}; frame-src 'self'"
        return page

    def as_html(request: Request) -> Response:
        _refuse_other_names(request)
        return HTMLResponse(found(request).html, headers={"Content-Security-Policy": LETTERS_SECURITY})

    def found(request: Request) -> KeptLetter:
        for letter in mailbox.letters():
            if letter.number == request.path_params["number"]:
                return letter
        raise HTTPException(404)

    return [
        Route("/mail", all_letters),
        Route("/mail/{number:int}", one_letter),
        Route("/mail/{number:int}/html", as_html),
    ]


def _refuse_other_names(request: Request) -> None:
    """Show letters under a name of this machine alone: under one that others direct here, they could read along."""
    if urlsplit(f"//{request.headers.get('host', '')}").hostname not in _LOOPBACK:
        raise HTTPException(404)
