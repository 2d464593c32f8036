"""The account pages, put together: every route under /account."""

from starlette.routing import Route

from bot.pages import create, profile, recover, sent, sign_in, verifying
from bot.pages.door import Door


def routes(door: Door) -> list[Route]:
    """Return every route under /account."""
    return [
        *create.routes(door),
        *sent.routes(door),
        *recover.routes(door),
        *sign_in.routes(door),
        *profile.routes(door),
        *verifying.routes(door),
    ]
