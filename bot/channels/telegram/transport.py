"""How python-telegram-bot's requests reach the Bot API: by aiohttp."""

import logging
import os
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from telegram.error import NetworkError, RetryAfter, TimedOut
from telegram.request import BaseRequest, RequestData

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0  # a send that was not answered in time may still have been done, so the wait is a long one
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class NotSent(NetworkError):
    """No connection came about: Telegram has not got the request."""


class Unclear(NetworkError):
    """The connection broke before an answer: Telegram may have done what was asked."""


class AiohttpRequest(BaseRequest):
    """Stands in for the library's own HTTPXRequest, whose connection pool costs more the more requests are under way.

    Measured with a bare echo bot: the default does 933 updates a second one at a time, and 80 to 314 with 256 at once;
    over aiohttp the same bot does about 3,000.
    """

    def __init__(self, connections: int) -> None:
        """Open at most `connections` at once; further requests wait."""
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """How many seconds an answer may take unless a request says otherwise."""
        return READ_SECONDS

    async def initialize(self) -> None:
        """Open the session; called again, do nothing."""
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=self._connections))

    async def shutdown(self) -> None:
        """Close the session."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def call(
        self, base_url: str, method: str, fields: Mapping[str, str], read_timeout: float | None = None
    ) -> Any:
        """Return the result of a method as JSON; TelegramError when there is none.

        For what nearly every message needs: the library's own calls take 300 us, of which 130 go into objects of what
        was sent that nobody looks at.
        """
        return await self.post(f"{base_url}/{method}?{urlencode(fields)}", read_timeout=read_timeout)

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = None,
        write_timeout: object = None,
        connect_timeout: object = None,
        pool_timeout: object = None,
    ) -> tuple[int, bytes]:
        """Return status and body; NotSent, TimedOut or Unclear otherwise. A query is sent as the body: it may be long.

        None of them names the address, because the token is part of it.
        """
        if self._session is None:
            raise NotSent("the connection to Telegram is closed")
        connect = _seconds(connect_timeout, CONNECT_SECONDS)
        timeout = aiohttp.ClientTimeout(
            connect=connect + _seconds(pool_timeout, READ_SECONDS),
            sock_connect=connect,
            sock_read=_seconds(read_timeout, READ_SECONDS) + _seconds(write_timeout, 0.0),
        )
        url, _, query = url.partition("?")
        has_files = request_data is not None and request_data.contains_files
        try:
            async with self._session.request(
                method,
                url,
                data=query.encode() if request_data is None else _body(request_data),
                headers=None if has_files else FORM,
                timeout=timeout,
                allow_redirects=False,
                proxy=_proxy(url),
            ) as response:
                return response.status, await response.read()
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            raise NotSent(f"no connection to Telegram: {_reason(error)}") from None
        except TimeoutError:
            raise TimedOut from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unclear(f"no connection to Telegram: {_reason(error)}") from None


def seconds_to_wait(error: RetryAfter) -> float:
    """Return for how many seconds Telegram wants no further call."""
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


def keep_token_out_of_logs() -> None:
    """Silence what the libraries log of addresses and calls at INFO and DEBUG: the token is part of every address."""
    for name in ("telegram", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _reason(error: Exception) -> str:
    """Return what went wrong; once a request is under way aiohttp's own words for it name the whole address."""
    if isinstance(error, aiohttp.ClientConnectorError) and error.strerror:
        return error.strerror
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else type(error).__name__


def _seconds(given: object, default: float) -> float:
    return float(given) if isinstance(given, int | float) else default


def _body(data: RequestData) -> bytes | aiohttp.FormData:
    if not data.contains_files:
        return data.url_encoded_parameters().encode()
    form = aiohttp.FormData()
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, kind) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=kind)
    return form


def _proxy(url: str) -> str | None:
    """Return the proxy that the environment names for this address, if any."""
    return _proxy_for(urlsplit(url).scheme, urlsplit(url).hostname or "")


@cache
def _proxy_for(scheme: str, host: str) -> str | None:
    return None if proxy_bypass(host) else getproxies().get(scheme)
