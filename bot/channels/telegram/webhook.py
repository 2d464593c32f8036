"""The webhook: Telegram hands updates in over HTTP, to any of several processes on one database."""

import asyncio
import hmac
import json
import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

logger = logging.getLogger(__name__)

PATH = "/telegram"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
MOST_BYTES = 1_000_000  # the largest update is a small part of that
# Telegram hands in the next update of a chat once the one before is confirmed. So it is confirmed when its replies have
# left, which keeps a chat in order over several processes; but not later than this, for it is in the inbox anyway.
CONFIRM_SECONDS = 2.0
COMMIT_SECONDS = 10.0  # a database that takes longer is away; Telegram keeps the update


class Takes(Protocol):
    """What the route needs of `bot.channels.telegram.channel.Telegram`."""

    async def take(self, raw: Sequence[dict[str, Any]]) -> list[asyncio.Event] | None:
        """Commit updates and queue them; return what says when each is done, None when it is stopping."""


def webhook(secret: str, channel: Callable[[], Takes | None]) -> Route:
    """Return the route for updates whose header bears `secret`; 503, so that Telegram asks again, without a channel."""

    async def receive(request: Request) -> Response:
        given = request.headers.get(HEADER, "")
        if not secret or not hmac.compare_digest(given.encode(), secret.encode()):
            return Response(status_code=403)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                return Response(status_code=413)
        try:
            update = json.loads(bytes(body))
            int(update["update_id"])
        except (ValueError, TypeError, KeyError, RecursionError):
            logger.warning("the webhook was given what is no update")
            return Response(status_code=400)
        done = await _taken(channel(), update)
        if done is None:
            return Response(status_code=503)
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                for each in done:
                    await each.wait()
        except TimeoutError:
            logger.info("update %s takes a while; it is confirmed before it is answered", update["update_id"])
        return Response(status_code=200)

    return Route(PATH, receive, methods=["POST"])


async def _taken(channel: Takes | None, update: dict[str, Any]) -> list[asyncio.Event] | None:
    if channel is None:
        return None
    try:
        async with asyncio.timeout(COMMIT_SECONDS):
            return await channel.take([update])
    except TimeoutError:
        return None
