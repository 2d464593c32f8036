"""What the desk's pages work with: who is signed in, forms that only our own pages can send, and the templates."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from jinja2 import Environment
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.desk.clock import Clock
from bot.desk.help_desk import HelpDesk
from core import staff_sessions
from core.refusals import Refusal
from core.staff import Member
from core.staff_sessions import SignedIn
from knowledge.library import Language

COOKIE = "desk"
BY_ITSELF = "Desk-By-Itself"  # the header of what the desk's script asks for without anybody doing anything
SEE_OTHER = 303
CONTENT_SECURITY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)
FIELDS = 40
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
    def number(self) -> int:
        """The ticket's number in the address."""
        return int(self.request.path_params["number"])


Handler = Callable[[Visit], Response]


@dataclass(frozen=True, slots=True)
class DeskSite:
    """Everything that the desk's pages need, put together by `bot.web.server`."""

    desk: HelpDesk
    templates: Environment
    address: str
    network_of: Callable[[Request], str]
    rendered: Callable[[str], str]  # the bot's Markdown as HTML

    @property
    def language(self) -> Language:
        """The language of the desk's pages."""
        return self.desk.library().language("en")

    def text(self, key: str, **fields: object) -> str:
        """Return a text of the pages."""
        return self.language.desk_text(key, **fields)

    def page(
        self, template: str, signed_in: SignedIn | None = None, *, status: int = 200, **values: object
    ) -> Response:
        """Return a page; the template sees `t` (the wording), `at` (moments), `me`, `csrf` and the values, escaped."""
        language = self.language
        html = self.templates.get_template(f"desk/{template}").render(
            t=self.text,
            language=language.code,
            at=Clock(language, self.desk.clock()),
            rendered=self.rendered,
            me=signed_in.member if signed_in else None,
            csrf=signed_in.csrf if signed_in else "",
            **values,
        )
        return HTMLResponse(html, status, headers={"Content-Security-Policy": CONTENT_SECURITY})

    def refused(self, signed_in: SignedIn | None, refusal: Refusal, *, status: int = 409, text: str = "") -> Response:
        """Return a page that says what happened instead, with the text that was typed, so that it is not lost."""
        said = self.text(f"refused_{refusal.phrase}", **refusal.fields)
        return self.page("refused.html", signed_in, status=status, said=said, typed=text)

    def visited(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint of a page for whoever is signed in; others are asked to sign in first."""

        async def endpoint(request: Request) -> Response:
            form: Mapping[str, str] = {}
            if request.method == "POST":
                async with request.form(max_files=0, max_fields=FIELDS, max_part_size=FORM_BYTES) as posted:
                    form = plain(posted)
            return await run_in_threadpool(self._answer, request, form, handler)

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

    def _answer(self, request: Request, form: Mapping[str, str], handler: Handler) -> Response:
        by_itself = request.method == "GET" and BY_ITSELF in request.headers
        signed_in = self.who_watches(request) if by_itself else self.who(request)
        if signed_in is None and request.method == "POST":
            return self.page("signed_out.html", status=401, typed=form.get("text", ""))
        if signed_in is None:
            here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/desk/sign-in?then={quote(here)}", SEE_OTHER)
        posted = request.method == "POST"
        if posted and not staff_sessions.is_own_form(self.desk.keys, signed_in.session, form.get("csrf", "")):
            return self.page("signed_out.html", signed_in, status=403, typed=form.get("text", ""))
        response = handler(Visit(request, signed_in, form))
        if signed_in.token is not None:
            self.give_cookie(response, signed_in.token)
        return response


def plain(form: FormData) -> dict[str, str]:
    """Return the texts of a form."""
    return {name: value for name, value in form.items() if isinstance(value, str)}


def back_to(address: str) -> Response:
    """Return what leads the browser there after a form, so that a reload sends nothing twice."""
    return RedirectResponse(address, SEE_OTHER)
