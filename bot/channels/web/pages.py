"""The routes of the chat: the page, what it says, its pictures and sounds, and its news."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from functools import lru_cache

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.channels import pictures
from bot.channels.web.channel import Hurry
from bot.channels.web.ranges import ranged
from bot.channels.web.site import ChatSite
from bot.channels.web.visitor import CHANNEL, Visitor, is_own_form
from bot.dialogue.legible import legible
from bot.dialogue.redaction import heard
from core import rules, transcripts, verification
from core.refusals import BudgetSpent

logger = logging.getLogger(__name__)

FIELDS = frozenset({"csrf", "key", "text", "button"})
LONGEST_SECONDS = 600  # the browser then asks again, and shows whose chat it has
FLOODER_WAITS_SECONDS = 1.0
SEE_OTHER = 303

_Mistake = tuple[str, int, Mapping[str, object]]  # the text that tells it, the status, and the text's fields


def routes(site: ChatSite) -> list[Route]:
    """Return the routes / and /chat/…."""

    async def page(request: Request) -> Response:
        visitor = site.cookies.visitor(request)
        if request.method == "POST":
            return await say(site, request, visitor)
        return await run_in_threadpool(site.page, request, visitor)

    async def leave(request: Request) -> Response:
        visitor = site.cookies.visitor(request)
        form, is_whole = await _form(request)
        if not is_whole or not is_own_form(visitor, form.get("csrf", "")):
            return await run_in_threadpool(refused, site, request, visitor, "chat_stale_form", 403, "")
        response = RedirectResponse("/", SEE_OTHER)
        site.cookies.drop(response)
        return response

    async def live(request: Request) -> Response:
        visitor = site.cookies.visitor(request)
        if visitor.is_new or site.channel.news.is_full(visitor.chat):
            return Response(status_code=429 if not visitor.is_new else 403)
        headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
        return StreamingResponse(_events(site, visitor), media_type="text/event-stream", headers=headers)

    def picture(request: Request) -> Response:
        characters = _asked(site, request, "characters")
        return _kept(Response(_png(characters), media_type="image/png"))

    def sound(request: Request) -> Response:
        characters = _asked(site, request, "spoken")
        return _kept(ranged(_wav(characters), "audio/wav", request.headers.get("range", "")))

    return [
        Route("/", page, methods=["GET", "POST"]),
        Route("/chat/leave", leave, methods=["POST"]),
        Route("/chat/live", live),
        Route("/chat/picture/{challenge:int}", picture),
        Route("/chat/sound/{challenge:int}", sound),
    ]


async def say(site: ChatSite, request: Request, visitor: Visitor) -> Response:
    """Handle what a form says, and lead the browser back to the page; a form that is not right changes nothing."""
    if site.channel.floods(visitor):
        await asyncio.sleep(FLOODER_WAITS_SECONDS)  # who sends without end is slowed to what its connections can wait
        return PlainTextResponse(site.language_of().page_text("chat_hurry"), 429, {"Retry-After": "1"})
    form, is_whole = await _form(request)
    text = form.get("text", "").replace("\r\n", "\n")
    typed = await run_in_threadpool(_without_secrets, site, text)
    wrong = _mistake(visitor, form, text, is_whole)
    if wrong is not None:
        text_key, status, fields = wrong
        return await run_in_threadpool(refused, site, request, visitor, text_key, status, typed, **fields)
    try:
        await site.channel.receive(visitor, {**form, "text": text}, site.asked(), site.network_of(request))
    except Hurry:
        return await run_in_threadpool(refused, site, request, visitor, "chat_hurry", 429, typed)
    except BudgetSpent as spent:
        page = await run_in_threadpool(
            refused, site, request, visitor, "chat_too_many_chats", 429, typed, **spent.fields
        )
        page.headers["Retry-After"] = f"{int(str(spent.fields['minutes'])) * 60}"
        return page
    except Exception:
        logger.exception("a turn of the web failed")
        return await run_in_threadpool(site.broken, request, visitor, typed)
    response = RedirectResponse("/#say", SEE_OTHER)
    site.cookies.keep(response, visitor)
    return response


def refused(
    site: ChatSite, request: Request, visitor: Visitor, told: str, status: int, typed: str, **fields: object
) -> Response:
    """Return the page again, with a sentence on what was wrong with the form, and what was typed in it."""
    said = site.language_of().page_text(told, **fields)
    return site.page(request, visitor, status=status, said=said, typed=typed)


async def _form(request: Request) -> tuple[dict[str, str], bool]:
    """Return a form's texts, and whether it is one of ours: each field once, and nothing else."""
    try:
        async with request.form(max_files=0, max_fields=len(FIELDS) * 2) as posted:
            return _texts(posted), _is_ours(posted)
    except HTTPException as error:
        if error.status_code == 413:
            raise
        return {}, False


def _texts(posted: FormData) -> dict[str, str]:
    return {name: value for name, value in posted.multi_items() if name in FIELDS and isinstance(value, str)}


def _is_ours(posted: FormData) -> bool:
    names = [name for name, _ in posted.multi_items()]
    return len(names) == len(set(names)) and FIELDS.issuperset(names)


def _mistake(visitor: Visitor, form: Mapping[str, str], text: str, is_whole: bool) -> _Mistake | None:
    """Return what is wrong with a form; None when all is well."""
    if visitor.is_new:
        return "chat_no_cookie", 403, {}
    if not is_own_form(visitor, form.get("csrf", "")):
        return "chat_stale_form", 403, {}
    if not is_whole or not 8 <= len(form.get("key", "")) <= 64 or len(form.get("button", "")) > 64:
        return "chat_odd_form", 422, {}
    if "\ufffd" in text:
        return "chat_unreadable", 422, {}
    if len(text) > rules.MESSAGE_CHARACTERS:
        return "chat_too_long", 422, {"length": len(text), "longest": rules.MESSAGE_CHARACTERS}
    if not form.get("button") and not text.strip():
        return "chat_nothing", 422, {}
    return None


def _without_secrets(site: ChatSite, text: str) -> str:
    """Return what may stand in the form again: everything typed, but what looks like a password (S2)."""
    return heard(legible(text), site.channel.library().innocent).clean if text else ""


def _asked(site: ChatSite, request: Request, kind: str) -> str:
    """Return what has to be typed for a challenge of this browser's chat; HTTPException 404 for any other."""
    visitor, number = site.cookies.visitor(request), request.path_params["challenge"]
    if number < 2**31:
        with site.channel.database.reading() as session:
            challenge = transcripts.asked(session, CHANNEL, visitor.chat, kind, number)
        if challenge is not None:
            return verification.shown(site.channel.keys, kind, challenge)
    raise HTTPException(404)


def _kept(response: Response) -> Response:
    """Let the browser, and nobody else, keep what it shows, so that a reload draws nothing anew."""
    response.headers["Cache-Control"] = "private, max-age=600"
    return response


@lru_cache(maxsize=256)
def _png(characters: str) -> bytes:
    return pictures.png(characters)


@lru_cache(maxsize=32)  # 130 kB and 0.2 s each
def _wav(digits: str) -> bytes:
    return pictures.wav(digits)


async def _events(site: ChatSite, visitor: Visitor) -> AsyncIterator[str]:
    """Yield what a browser is told: at what its chat stands; the page compares that with what it shows."""
    yield "retry: 2000\n\n"
    clock = asyncio.get_running_loop().time
    end = clock() + LONGEST_SECONDS
    async for version in site.channel.news.watch(visitor.chat):
        yield f"event: news\ndata: {version}\n\n" if version else ": still here\n\n"
        if clock() > end:
            return
