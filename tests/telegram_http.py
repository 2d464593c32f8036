"""Calls of the Bot API as they come over HTTP, and their answers."""

import json
from typing import Any

from aiohttp import web
from aiohttp.web_request import FileField

from tests.telegram_methods import Request


async def read_call(http: web.Request) -> Request:
    """Return the call, sent as a form, as JSON or with files."""
    request = Request(http.match_info["method"], dict(http.query))
    if http.content_type == "application/json":
        given = await http.json()
        request.fields |= {name: each if isinstance(each, str) else json.dumps(each) for name, each in given.items()}
        return request
    for name, value in (await http.post()).items():
        if isinstance(value, FileField):
            request.files[name] = value.file.read()
        else:
            request.fields[name] = str(value)
    return request


def response(status: int, answer: dict[str, Any]) -> web.Response:
    """Return an answer of the Bot API."""
    return web.json_response(answer, status=status)


def dropped(http: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    if http.transport:
        http.transport.abort()
    return web.Response()
