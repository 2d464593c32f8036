"""The door of the account pages: every request becomes a Visit, every answer gets its cookies and its frame."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.pages.site import NAVIGATION, Site
from bot.pages.visits import STATUS, VISITOR_COOKIE, Posted, Visit, is_ours, read_form, visitor_of
from core import account_sessions
from core.account_sessions import SignedIn
from core.refusals import BudgetSpent, Refusal

ACCOUNT_COOKIE = "account"
SEE_OTHER = 303
YEAR_SECONDS = 365 * 24 * 3600
SIGNED_IN_NAVIGATION = (("chat", "/"), ("account", "/account"))

Handler = Callable[[Visit], Response]
Mistakes = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Door:
    """The account pages' own part of the site; `picture` and `sound` draw verification characters."""

    site: Site
    address: str
    picture: Callable[[str], bytes]
    sound: Callable[[str], bytes]

    def visited(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint of a page; a form that is not ours reaches the handler as one that `wrong` tells of."""

        async def endpoint(request: Request) -> Response:
            posted = await read_form(request) if request.method == "POST" else Posted()
            return await run_in_threadpool(self._answer, request, posted, handler)

        return endpoint

    def owned(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint of a page for whoever is signed in; others are asked to sign in first."""

        def only_owners(visit: Visit) -> Response:
            if visit.signed_in is not None:
                return handler(visit)
            if not visit.is_post:
                return back_to("/account/sign-in")
            told = {"": [self.site.text("signed_out_meanwhile")]}
            return self.page(visit, "account/sign_in.html", status=401, mistakes=told, typed={})

        return self.visited(only_owners)

    def page(
        self,
        visit: Visit,
        template: str,
        *,
        status: int = 200,
        mistakes: Mapping[str, Sequence[str]] | None = None,
        **values: object,
    ) -> HTMLResponse:
        """Return a page with its forms' token; `mistakes` are sentences by field, "" for the form as a whole."""
        navigation = SIGNED_IN_NAVIGATION if visit.signed_in else NAVIGATION
        shared: dict[str, object] = {"navigation": navigation, "csrf": visit.csrf, "signed_in": visit.signed_in}
        return self.site.page(template, status=status, mistakes=mistakes or {}, **(shared | values))

    def found(self, visit: Visit, fields: Sequence[str]) -> Mistakes:
        """Return what is wrong with a form whatever it is about: sentences by field."""
        posted, text = visit.posted, self.site.text
        found: Mistakes = {"": [text(f"form_{posted.wrong}")]} if posted.wrong else {}
        for name in fields:
            if name in posted.unreadable:
                found.setdefault(name, []).append(text("form_field_unreadable"))
            elif name in posted.twice:
                found.setdefault(name, []).append(text("form_field_twice"))
        return found

    def told(self, refusal: Refusal) -> str:
        """Return the sentence for a refusal."""
        return self.site.text(f"no_{refusal.phrase}", **refusal.fields)

    def give_cookie(self, response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
        """Let the browser keep something for the account pages alone, where no script reads it."""
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path="/account",
            httponly=True,
            samesite="lax",
            secure=urlsplit(self.address).scheme == "https",
        )

    def _answer(self, request: Request, posted: Posted, handler: Handler) -> Response:
        visitor, is_new = visitor_of(request)
        signed_in = self._who(request)
        visit = Visit(self.site, request, visitor, posted, signed_in)
        if visit.is_post and not posted.wrong and (is_new or not is_ours(posted, visit.forms)):
            visit = replace(visit, posted=replace(posted, wrong="forged"))
        response = handler(visit)
        if is_new:
            self.give_cookie(response, VISITOR_COOKIE, visitor, seconds=YEAR_SECONDS)
        if signed_in and signed_in.token and ACCOUNT_COOKIE not in response.headers.get("set-cookie", ""):
            self.give_cookie(response, ACCOUNT_COOKIE, signed_in.token)
        return response

    def _who(self, request: Request) -> SignedIn | None:
        token, now = request.cookies.get(ACCOUNT_COOKIE, ""), self.site.clock()
        if not token:
            return None
        with self.site.database.reading() as session:
            found = account_sessions.peek(session, token, now)
        if found is not None:
            return found
        with self.site.database.transaction() as session:
            return account_sessions.resume(session, token, now)


def status_of(visit: Visit, otherwise: int = 422) -> int:
    """Return the status of a page that says what is wrong."""
    return STATUS.get(visit.posted.wrong, otherwise)


def back_to(address: str) -> Response:
    """Return what leads the browser there after a form, so that a reload sends nothing twice."""
    return RedirectResponse(address, SEE_OTHER)


def wait(response: Response, spent: BudgetSpent) -> Response:
    """Return the response with the time after which the next try is free."""
    response.headers["Retry-After"] = f"{int(str(spent.fields['minutes'])) * 60}"
    return response
