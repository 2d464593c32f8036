"""The browser's language: what it asks for while a request is answered, and the one of ours that comes nearest."""

from collections.abc import Collection
from contextvars import ContextVar

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

LONGEST = 300  # characters of the header that are read
_asked_for: ContextVar[str] = ContextVar("asked_for", default="")


class BrowserLanguage:
    """Notes what language a request asks for, for as long as it is answered."""

    def __init__(self, app: ASGIApp) -> None:
        """Answer by `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            _asked_for.set(Headers(scope=scope).get("accept-language", "")[:LONGEST])
        await self._app(scope, receive, send)


def asked_for(languages: Collection[str], otherwise: str = "en") -> str:
    """Return the code of `languages` that the request under way likes best; `otherwise` where it likes none."""
    liked = sorted(filter(None, map(_weighed, _asked_for.get().split(","))), key=lambda each: -each[1])
    codes = (code.partition("-")[0].casefold() for code, weight in liked if weight > 0)
    return next((code for code in codes if code in languages), otherwise)


def _weighed(part: str) -> tuple[str, float] | None:
    code, _, weight = part.strip().partition(";q=")
    try:
        return (code, float(weight or 1)) if code else None
    except ValueError:
        return None
