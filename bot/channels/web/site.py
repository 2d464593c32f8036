"""The chat's page: its transcript with what is live in it, the form, and what is said of a form that was refused."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.channels.web.channel import Asked, WebChannel
from bot.channels.web.html import markdown_html, plain_html
from bot.channels.web.visitor import CHANNEL, Cookies, Visitor
from bot.dialogue.files import worded
from bot.dialogue.flow import Flow
from bot.flows import all_flows
from core import continuing, rules, transcripts, verification
from core.transcripts import ShownLine, Transcript
from knowledge.library import Language


@dataclass(frozen=True, slots=True)
class Bubble:
    """One line as the page shows it; `id` is the same as long as the line is there."""

    id: str
    author: str
    html: str
    buttons: tuple[tuple[str, str], ...] = ()
    picture: str = ""  # characters or spoken, where the person has to type them now
    challenge: int = 0  # its row
    code: str = ""  # by which the conversation goes on elsewhere


@dataclass(frozen=True, slots=True)
class ChatSite:
    """Everything that the chat's pages need, put together by `bot.web.server`."""

    channel: WebChannel
    templates: Environment
    address: str
    cookies: Cookies
    network_of: Callable[[Request], str]
    navigation: Sequence[tuple[str, str]]
    spoken: Callable[[], Language]  # what the browser asks for, as far as it is spoken
    chosen: Callable[[], str]  # the code of the language that a person chose for the pages

    def language_of(self, transcript: Transcript | None = None) -> Language:
        """Return the page's language: the one that was chosen, or else the chat's; a new one's is the browser's."""
        library = self.channel.library()
        if transcript is None or self.chosen() in library.languages:
            return self.spoken()
        return library.language(transcript.language)

    def asked(self) -> Asked:
        """Return what the browser under way asks for."""
        chosen = self.chosen()
        return Asked(self.spoken().code, chosen if chosen in self.channel.library().languages else "")

    def page(
        self, request: Request, visitor: Visitor, *, status: int = 200, said: str = "", typed: str = ""
    ) -> Response:
        """Return the page of a browser's chat; `said` tells what went wrong with a form, `typed` stays in it."""
        before = _number(request.query_params.get("before", "")) if request.method == "GET" else None
        with self.channel.database.reading() as session:
            transcript = transcripts.read(session, CHANNEL, visitor.chat, self.channel.clock(), before)
        return self._page(request, visitor, transcript, before, status, said, typed)

    def broken(self, request: Request, visitor: Visitor, typed: str) -> Response:
        """Return the page where a turn or the database failed: without the transcript, but with what was typed."""
        said = self.language_of().page_text("chat_failed")
        return self._page(request, visitor, None, None, 503, said, typed)

    def _page(
        self,
        request: Request,
        visitor: Visitor,
        transcript: Transcript | None,
        before: int | None,
        status: int,
        said: str,
        typed: str,
    ) -> Response:
        language = self.language_of(transcript)
        code = continuing.CODE.fullmatch(request.query_params.get("continue", ""))
        html = self.templates.get_template("chat.html").render(
            t=language.page_text,
            phrase=language.phrase,
            navigation=self.navigation,
            here="chat",
            length=rules.CHARACTERS_LENGTH,
            rendered=markdown_html,
            language=language.code,
            bubbles=self._bubbles(transcript, language) if transcript else [],
            version=_version(transcript),
            earlier=transcript.lines[0].id if transcript and transcript.earlier else None,
            is_past=before is not None,
            is_open=bool(transcript),
            actions=[language.flow(flow.name).title for flow in _menu()],
            csrf=visitor.csrf,
            key=secrets.token_urlsafe(12),
            said=said,
            typed=typed,
            longest=rules.MESSAGE_CHARACTERS,
            code=code.group() if code else "",
            telegram=self.channel.telegram(),
            address=self.address,
        )
        response = HTMLResponse(html, status)
        self.cookies.keep(response, visitor)
        return response

    def _bubbles(self, transcript: Transcript, language: Language) -> list[Bubble]:
        """Return the lines, and what stands aside of the transcript; buttons and pictures of the last turn alone."""
        aside = [
            ShownLine(-number, self.channel.clock(), each["author"], each["text"], each["shown"])
            for number, each in enumerate(transcript.state.get("aside", []), 1)
        ]
        stamp = str(transcript.state.get("stamp", ""))
        lines = [*transcript.lines, *aside]
        return [self._bubble(line, worded(language, line.text), transcript, stamp) for line in lines]

    def _bubble(self, line: ShownLine, text: str, transcript: Transcript, stamp: str) -> Bubble:
        name = f"m{line.id}" if line.id > 0 else f"{stamp}{line.id}"
        if line.author == "person":
            return Bubble(name, line.author, plain_html(text))
        html, shown = markdown_html(text), line.shown or {}
        kind, challenge = shown.get("picture") or ("", "")
        is_live = bool(stamp) and shown.get("stamp") == stamp
        code = ""
        if kind == continuing.KIND and challenge in transcript.continues:
            code = verification.shown(self.channel.keys, kind, challenge)
        return Bubble(
            name,
            line.author,
            html,
            buttons=tuple((label, data) for label, data in shown.get("buttons", ())) if is_live else (),
            picture=kind if is_live and kind != continuing.KIND else "",
            challenge=verification.row_of(challenge) if challenge else 0,
            code=code,
        )


@cache
def _menu() -> list[Flow]:
    return sorted((flow for flow in all_flows().values() if flow.menu), key=lambda flow: flow.menu)


def _version(transcript: Transcript | None) -> str:
    """Return what `transcripts.versions` calls the transcript, as far as the page shows it."""
    if transcript is None:
        return ""
    newest: Any = transcript.lines[-1].id if transcript.lines else None
    return f"{transcript.state.get('stamp')}.{newest}"


def _number(text: str) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) <= 15
    return int(text) if is_number else None
