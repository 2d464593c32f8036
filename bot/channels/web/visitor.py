"""Whose chat a browser has: a random token in a cookie, of which the database knows nothing but a hash."""

import re
import secrets
from dataclasses import dataclass
from hmac import compare_digest
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from core import rules, sessions
from core.keys import Keys

CHANNEL = "web"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser: `token` is its cookie's value, `is_new` where it has brought none.

    A stolen database opens no chat: the chat's id there cannot be turned back into the token. Its forms bear one of
    `forms`, those of today the first: the others are of keys that were in use before.
    """

    token: str
    chat: str
    forms: tuple[str, ...]
    is_new: bool

    @property
    def csrf(self) -> str:
        """What every form of this browser carries."""
        return self.forms[0]


class Cookies:
    """The cookie of the chat at one address."""

    def __init__(self, keys: Keys, address: str) -> None:
        """Use `keys` for what is derived from a cookie; over HTTPS no other host can set it (`__Host-`)."""
        self._keys = keys
        self._is_secure = urlsplit(address).scheme == "https"
        self.name = "__Host-chat" if self._is_secure else "chat"

    def visitor(self, request: Request) -> Visitor:
        """Return whose browser sends the request; one without a cookie gets a new token."""
        token = request.cookies.get(self.name, "")
        is_new = _TOKEN.fullmatch(token) is None
        if is_new:
            token = secrets.token_urlsafe(32)
        forms = tuple(each.hidden("web chat form", token) for each in self._keys.live)
        return Visitor(token, sessions.hashed(f"web chat {token}"), forms, is_new)

    def keep(self, response: Response, visitor: Visitor) -> None:
        """Let the browser keep its token, where no script reads it, for `rules.WEB_CHAT_DAYS` from now on."""
        response.set_cookie(
            self.name,
            visitor.token,
            max_age=rules.WEB_CHAT_DAYS * 24 * 3600,
            path="/",
            httponly=True,
            samesite="lax",
            secure=self._is_secure,
        )

    def drop(self, response: Response) -> None:
        """Let the browser forget its chat."""
        response.delete_cookie(self.name, path="/", httponly=True, samesite="lax", secure=self._is_secure)


def is_own_form(visitor: Visitor, csrf: str) -> bool:
    """Return whether a form was made for this browser."""
    return not visitor.is_new and any(compare_digest(csrf.encode(), each.encode()) for each in visitor.forms)
