"""The web server: routes, pages for what goes wrong, and the settings under which no token reaches a log."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from bot.channels import pictures
from bot.channels.markup import telegram_html
from bot.channels.web import pages as web
from bot.channels.web.channel import WebChannel
from bot.channels.web.site import ChatSite
from bot.channels.web.visitor import Cookies
from bot.desk import pages
from bot.desk.help_desk import HelpDesk
from bot.desk.live import Hub
from bot.desk.site import DeskSite
from bot.pages import account, links, proofs, stops
from bot.pages.door import Door
from bot.pages.site import NAVIGATION, Site, network_of
from bot.web import mailbox
from bot.web.browser import BrowserLanguage, asked_for, chosen, in_language, languages
from bot.web.guard import RequestLimits, SecurityHeaders, security_headers
from bot.web.mailbox import Mailbox
from core.database import Database
from core.keys import Keys
from knowledge.library import Language, Library

HERE = Path(__file__).parent
TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.globals |= {"in_language": in_language, "languages": languages}
_SAID = {403: "foreign", 404: "not_found", 405: "not_found", 413: "too_large"}


def create_app(
    *,
    database: Database,
    keys: Keys,
    address: str,
    library: Callable[[], Library],
    clock: Callable[[], datetime],
    letters: Mailbox | None = None,
    desk: tuple[HelpDesk, Hub] | None = None,
    chat: WebChannel | None = None,
) -> Starlette:
    """Return the application under `address` (PUBLIC_URL): account pages, /healthz, and /mail where `letters` are kept.

    A page speaks the language of the `library` that its browser asks for (see `bot.web.browser`). Give `letters` in
    development alone. With `desk` there are the help desk's pages, kept live by its hub; with `chat` the conversation
    is at /.
    """

    def spoken() -> Language:
        return library().language(asked_for(library().languages))

    def every() -> Sequence[Language]:
        return tuple(library().languages.values())

    site = Site(database, keys, clock, spoken, TEMPLATES)
    headers = security_headers(address)
    desk_pages: Sequence[BaseRoute] = ()
    if desk is not None:
        help_desk, hub = desk
        desk_site = DeskSite(help_desk, spoken, TEMPLATES, address, network_of, _as_html, hub.shared)
        desk_pages = pages.routes(desk_site, hub)
    chat_pages: Sequence[BaseRoute] = ()
    if chat is not None:
        cookies = Cookies(keys, address)
        chat_site = ChatSite(chat, TEMPLATES, address, cookies, network_of, NAVIGATION, spoken, chosen)
        chat_pages = web.routes(chat_site)

    async def refused(_: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        key = _SAID.get(status, "failed")
        page = await run_in_threadpool(site.message, f"{key}_title", key, status=status)
        page.headers.update({**((isinstance(error, HTTPException) and error.headers) or {}), **headers})
        return page

    router = Router(
        [
            Route("/healthz", _healthy),
            Mount("/static", StaticFiles(directory=HERE / "static")),
            *links.routes(site),
            *proofs.routes(site),
            *stops.routes(site),
            *chat_pages,
            *account.routes(Door(site, address, pictures.png, pictures.wav)),
            *desk_pages,
            *(mailbox.routes(site, letters, address) if letters is not None else ()),
        ],
        redirect_slashes=False,  # its redirects would lead wherever the request's Host header says
        middleware=[Middleware(RequestLimits, address=address)],
    )
    return Starlette(
        routes=[Mount("", router)],
        middleware=[
            Middleware(SecurityHeaders, headers=headers),
            Middleware(BrowserLanguage, address=address, languages=every),
        ],
        exception_handlers={HTTPException: refused, Exception: refused},
    )


def server(app: ASGIApp, host: str, port: int, *, trusted_proxies: str = "127.0.0.1") -> uvicorn.Server:
    """Return the server of `app`: it writes no access log, since tokens stand in addresses.

    `trusted_proxies` are the addresses, separated by commas, whose word is taken for a client's network.
    """
    # `access_log=False` takes the log's handlers away; disabled, it stays silent whoever adds one.
    logging.getLogger("uvicorn.access").disabled = True
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            access_log=False,
            log_config=None,
            server_header=False,
            forwarded_allow_ips=trusted_proxies,
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=3,
        )
    )


@lru_cache(maxsize=2048)  # the same lines of the same tickets again and again
def _as_html(markdown: str) -> str:
    """Return the bot's Markdown as a few tags of HTML, everything else escaped; its lines are broken as they stand."""
    return "\n\n".join(telegram_html(markdown))


async def _healthy(_: Request) -> Response:
    return PlainTextResponse("ok\n")
