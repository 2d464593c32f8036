"""What the desk's pages work with: who is signed in, forms that only our own pages can send, and the templates."""

import secrets
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import quote, urlsplit

from jinja2 import Environment
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.desk.clock import Clock
from bot.desk.help_desk import HelpDesk
from bot.desk.shared import Shared
from bot.desk.workbench import Workbench
from bot.dialogue.files import worded
from core import staff, staff_sessions
from core.refusals import Refusal, TicketRefused
from core.roles import Duty
from core.staff import Member
from core.staff_sessions import SignedIn
from knowledge.library import Language

COOKIE = "desk"
BY_ITSELF = "Desk-By-Itself"  # the header of what the desk's script asks for without anybody doing anything
SEE_OTHER = 303
FIELDS = 40
THEIR_CSRF = secrets.token_urlsafe(16)  # stands in what is rendered for all who watch; each gets their own instead
WRITTEN = ("text", "reason", "checked", "why", "phrasing", "question", "answer")  # the fields in which one writes
FORM_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is signed in; `form` is empty where nothing was posted."""

    request: Request
    signed_in: SignedIn
    form: Mapping[str, str]

    @property
    def member(self) -> Member:
        """Who asks."""
        return self.signed_in.member

    @property
    def is_by_itself(self) -> bool:
        """Whether the page asks by itself, because something has changed."""
        return is_by_itself(self.request)

    @property
    def number(self) -> int:
        """The ticket's number in the address."""
        return int(self.request.path_params["number"])


Handler = Callable[[Visit], Response]


@dataclass(frozen=True, slots=True)
class DeskSite:
    """Everything that the desk's pages need, put together by `bot.web.server`."""

    desk: HelpDesk
    spoken: Callable[[], Language]  # the language of the page that is asked for
    templates: Environment
    address: str
    network_of: Callable[[Request], str]
    rendered: Callable[[str], str]  # the bot's Markdown as HTML
    shared: Shared
    bench: Workbench = field(default_factory=Workbench)

    @property
    def language(self) -> Language:
        """The language of the desk's pages."""
        return self.spoken()

    def text(self, key: str, **fields: object) -> str:
        """Return a text of the pages."""
        return self.language.desk_text(key, **fields)

    def page(
        self, template: str, signed_in: SignedIn | None = None, *, status: int = 200, **values: object
    ) -> Response:
        """Return a page; the template sees `t` (the wording), `at` (moments), `me`, `may` and values, escaped."""
        me, csrf = (signed_in.member, signed_in.csrf) if signed_in else (None, "")
        return _answer(self._html(template, me, csrf, values), status)

    def shared_page(
        self, template: str, visit: Visit, who: int, key: Hashable, values: Callable[[], Mapping[str, object]]
    ) -> Response:
        """Return a page that shows itself anew, rendered once under `key` for all who see it as `who` does.

        They have one role and one language. The page's script takes the parts that are the same for all of them; none
        of them is named in it.
        """

        def rendered() -> str:
            return self._html(template, Member(who, "", visit.member.role), THEIR_CSRF, values())

        seen = (template, self.language.code, who, visit.member.role, key)
        return _answer(self.shared.get(seen, rendered).replace(THEIR_CSRF, visit.signed_in.csrf))

    def _html(self, template: str, me: Member | None, csrf: str, values: Mapping[str, object]) -> str:
        language = self.language
        return self.templates.get_template(f"desk/{template}").render(
            t=self.text,
            language=language.code,
            at=Clock(language, self.desk.clock()),
            rendered=self.rendered,
            worded=partial(worded, language),
            me=me,
            may=lambda duty: me is not None and staff.may(me, Duty(duty)),
            csrf=csrf,
            **values,
        )

    def refused(self, signed_in: SignedIn | None, refusal: Refusal, *, status: int = 409, text: str = "") -> Response:
        """Return a page that says what happened instead, with the text that was typed, so that it is not lost."""
        said = self.text(f"refused_{refusal.phrase}", **refusal.fields)
        return self.page("refused.html", signed_in, status=status, said=said, typed=text)

    def visited(self, handler: Handler, duty: Duty = Duty.WORK_TICKETS) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint of a page for those who have the duty; who is not signed in is asked to do that first."""

        async def endpoint(request: Request) -> Response:
            form: Mapping[str, str] = {}
            if request.method == "POST":
                async with request.form(max_files=0, max_fields=FIELDS, max_part_size=FORM_BYTES) as posted:
                    form = plain(posted)
            return await run_in_threadpool(self._answer, request, form, handler, duty)

        return endpoint

    def who(self, request: Request) -> SignedIn | None:
        """Return who sends the request."""
        token, now = request.cookies.get(COOKIE, ""), self.desk.clock()
        if not token:
            return None
        with self.desk.database.reading() as session:
            found = staff_sessions.peek(session, self.desk.keys, token, now)
        if found is not None:
            return found
        with self.desk.database.transaction() as session:
            return staff_sessions.resume(session, self.desk.keys, token, now)

    def who_watches(self, request: Request) -> SignedIn | None:
        """Return whose page asks by itself, and leave the session as it is: it lasts no longer for that."""
        with self.desk.database.reading() as session:
            return staff_sessions.look(session, self.desk.keys, request.cookies.get(COOKIE, ""), self.desk.clock())

    def lasts(self, session: int) -> bool:
        """Return whether somebody's session has not ended."""
        with self.desk.database.reading() as reading:
            return staff_sessions.lasts(reading, session, self.desk.clock())

    def give_cookie(self, response: Response, token: str) -> None:
        """Let the browser keep the session's token: for the desk alone, and where no script reads it."""
        response.set_cookie(
            COOKIE,
            token,
            path="/desk",
            httponly=True,
            samesite="lax",
            secure=urlsplit(self.address).scheme == "https",
        )

    def _answer(self, request: Request, form: Mapping[str, str], handler: Handler, duty: Duty) -> Response:
        signed_in = self.who_watches(request) if is_by_itself(request) else self.who(request)
        if signed_in is None and request.method == "POST":
            return self.page("signed_out.html", status=401, typed=_written(form))
        if signed_in is None:
            here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/desk/sign-in?then={quote(here)}", SEE_OTHER)
        posted = request.method == "POST"
        if posted and not staff_sessions.is_own_form(self.desk.keys, signed_in.session, form.get("csrf", "")):
            return self.page("signed_out.html", signed_in, status=403, typed=_written(form))
        if staff.may(signed_in.member, duty):
            response = handler(Visit(request, signed_in, form))
        else:
            response = self.refused(signed_in, TicketRefused("not_your_duty"), status=403)
        if signed_in.token is not None:
            self.give_cookie(response, signed_in.token)
        return response


def is_by_itself(request: Request) -> bool:
    """Return whether the desk's script asks, without anybody doing anything."""
    return request.method == "GET" and BY_ITSELF in request.headers


def number_in(text: str) -> int | None:
    """Return the number that a form or an address gives, as pages write it and as large as an id may be, or None."""
    is_number = text.isascii() and text.isdigit() and len(text) <= 10
    return int(text) if is_number and int(text) < 2**31 and str(int(text)) == text else None


def _written(form: Mapping[str, str]) -> str:
    """Return everything that was written into a form's boxes, so that none of it is lost."""
    return "\n\n".join(form[name] for name in WRITTEN if form.get(name))


def _answer(html: str, status: int = 200) -> Response:
    return HTMLResponse(html, status)


def plain(form: FormData) -> dict[str, str]:
    """Return the texts of a form."""
    return {name: value for name, value in form.items() if isinstance(value, str)}


def back_to(address: str) -> Response:
    """Return what leads the browser there after a form, so that a reload sends nothing twice."""
    return RedirectResponse(address, SEE_OTHER)
