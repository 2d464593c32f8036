"""The browser's language: what it asks for while a request is answered, and the one of ours that comes nearest."""

from collections.abc import Callable, Collection, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from knowledge.library import Language

FIELD = "language"  # of an address, by which a person switches, and of the cookie that remembers it
LONGEST = 300  # characters of the header that are read
YEAR_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a request says: the code that somebody chose, what the browser likes, the address's query.

    `spoken` are the languages that it may be answered in.
    """

    chosen: str = ""
    liked: str = ""
    query: str = ""
    spoken: Sequence[Language] = ()


_NOTHING = _Asked()
_asked: ContextVar[_Asked] = ContextVar("asked")


class BrowserLanguage:
    """Notes what language a request asks for, for as long as it is answered; a switch is remembered in a cookie."""

    def __init__(self, app: ASGIApp, address: str, languages: Callable[[], Sequence[Language]]) -> None:
        """Answer by `app` in one of the `languages`; over HTTPS (`address`) the cookie goes nowhere else."""
        self._app = app
        self._languages = languages
        self._is_secure = address.startswith("https://")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        switched = _code(request.query_params.get(FIELD, ""))
        chosen = switched or _code(request.cookies.get(FIELD, ""))
        liked = request.headers.get("accept-language", "")[:LONGEST]
        _asked.set(_Asked(chosen, liked, scope["query_string"].decode("latin-1"), self._languages()))

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("set-cookie", self._cookie(switched))
            await send(message)

        await self._app(scope, receive, send_with_cookie if switched else send)

    def _cookie(self, code: str) -> str:
        kept = Response()
        kept.set_cookie(FIELD, code, YEAR_SECONDS, path="/", httponly=True, samesite="lax", secure=self._is_secure)
        return kept.headers["set-cookie"]


def chosen() -> str:
    """Return the code of the language that a person chose for the pages, "" where nobody has."""
    return _asked.get(_NOTHING).chosen


def asked_for(languages: Collection[str], otherwise: str = "en") -> str:
    """Return which of `languages` the request under way is answered in: the chosen one, or the browser's favourite."""
    if chosen() in languages:
        return chosen()
    liked = sorted(filter(None, map(_weighed, _asked.get(_NOTHING).liked.split(","))), key=lambda each: -each[1])
    codes = (code.partition("-")[0].casefold() for code, weight in liked if weight > 0)
    return next((code for code in codes if code in languages), otherwise)


def languages() -> Sequence[Language]:
    """Return the languages that the request under way may be answered in."""
    return _asked.get(_NOTHING).spoken


def in_language(code: str) -> str:
    """Return the address of the page under way in another language, as a link on that page names it."""
    rest = [(name, value) for name, value in parse_qsl(_asked.get(_NOTHING).query) if name != FIELD]
    return f"?{urlencode([*rest, (FIELD, code)])}"


def _code(text: str) -> str:
    """Return the text if it may be a language's code: "es", "pt-BR"."""
    is_one = len(text) <= 10 and text.isascii() and text.replace("-", "").isalpha()
    return text if is_one else ""


def _weighed(part: str) -> tuple[str, float] | None:
    code, _, weight = part.strip().partition(";q=")
    try:
        return (code, float(weight or 1)) if code else None
    except ValueError:
        return None
