"""What every request and every response passes: limits on the one, security headers on the other."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES = 64 * 1024
# A reply of staff that is too long comes back to them whole, instead of being lost.
DESK_BODY_BYTES = 1024 * 1024
CONTENT_SECURITY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; media-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def security_headers(address: str) -> Mapping[str, str]:
    """Return the headers of every response; `address` is PUBLIC_URL, and decides whether browsers insist on HTTPS."""
    headers = {
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "Content-Security-Policy": CONTENT_SECURITY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if urlsplit(address).scheme == "https":
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


class SecurityHeaders:
    """Adds the security headers to every response that passes."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self.app = app
        self.headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, with the headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)  # a page may say more narrowly what it needs
            await send(message)

        await self.app(scope, receive, send_with_headers)


class RequestLimits:
    """Refuses requests that another site's page sent, and bodies over 64 kB (1 MB for what staff write)."""

    def __init__(self, app: ASGIApp, address: str) -> None:
        self.app = app
        parts = urlsplit(address)
        self.origin = f"{parts.scheme}://{parts.netloc}".casefold()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; HTTPException 403 when it is another site's, 413 when too large a body is read."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["method"] not in _READING and self._is_foreign(headers):
            raise HTTPException(403)
        most = DESK_BODY_BYTES if scope["path"].startswith("/desk/tickets/") else BODY_BYTES
        announced = headers.get("content-length", "0")
        is_too_large = len(announced) > 8 or int(announced) > most
        received = 0

        async def receive_limited() -> Message:
            nonlocal received
            if is_too_large:
                raise HTTPException(413)  # whoever reads the form may answer with its page
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise HTTPException(413)
            return message

        await self.app(scope, receive_limited, send)

    def _is_foreign(self, headers: Headers) -> bool:
        """Whether a browser says that another site's page sent this.

        The token in the address is the credential; this is the second lock. Our pages send no referrer, therefore
        browsers write `Origin: null` for our own forms as well.
        """
        if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return True
        return headers.get("origin", "null").casefold() not in {"null", self.origin}
