"""Signing in and out, and the page that sets a password: throttled by network, so that nobody can be locked out."""

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.desk.site import COOKIE, DeskSite, Visit, back_to, plain
from core import audit, limits, passwords, rules, staff, staff_sessions
from core.refusals import BudgetSpent, StaffRefused

# Made once, of nobody's password: an unknown name takes as long as a wrong password.
_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$k8RIdtXjWJbIF1lg9iVFgA$5rAYtftiY4f/pg3V9eW+2IMK9idGfEMf6s6rCi6sXhQ"


def routes(site: DeskSite) -> list[Route]:
    """Return the routes /desk/sign-in, /desk/sign-out and /desk/password/<token>."""

    async def sign_in(request: Request) -> Response:
        then = local(request.query_params.get("then", ""))
        if request.method != "POST":
            return await run_in_threadpool(site.page, "sign_in.html", then=then, said="", name="")
        return await run_in_threadpool(let_in, site, request, await _form(request))

    async def password(request: Request) -> Response:
        token = request.path_params["token"]
        if request.method != "POST":
            return await run_in_threadpool(show_password, site, token)
        return await run_in_threadpool(set_password, site, token, await _form(request), site.network_of(request))

    return [
        Route("/desk/sign-in", sign_in, methods=["GET", "POST"]),
        Route("/desk/sign-out", site.visited(lambda visit: sign_out(site, visit)), methods=["POST"]),
        Route("/desk/password/{token}", password, methods=["GET", "POST"]),
    ]


def let_in(site: DeskSite, request: Request, form: Mapping[str, str]) -> Response:
    """Begin a session where name and password are right; the network's budget is counted before anything is looked up.

    A wrong password, an unknown name and somebody who is disabled are told alike, and take equally long.
    """
    desk, now = site.desk, site.desk.clock()
    name, then = form.get("name", ""), local(form.get("then", ""))
    try:
        with desk.database.transaction() as session:
            limits.spend(session, desk.keys, limits.NETWORK_SIGN_INS, site.network_of(request), now)
    except BudgetSpent as spent:
        return _too_many(site, spent, then, name)
    with desk.database.reading() as session:
        known = staff.password_hash(session, name)
    given = form.get("password", "")[: rules.STAFF_PASSWORD_MAX + 1]
    is_right = passwords.matches(known[1] if known else _NOBODYS, given) and known is not None
    with desk.database.transaction() as session:
        if known is None or not is_right:
            audit.record(session, audit.Event.STAFF_REFUSED, now=now, staff=known[0] if known else 0)
        else:
            token = staff_sessions.begin(session, known[0], now)
    if not is_right:
        return site.page("sign_in.html", status=403, then=then, said=site.text("sign_in_wrong"), name=name)
    response = back_to(then)
    site.give_cookie(response, token)
    return response


def sign_out(site: DeskSite, visit: Visit) -> Response:
    """End the session."""
    with site.desk.database.transaction() as session:
        staff_sessions.end(session, visit.signed_in.session, visit.member.id, site.desk.clock())
    response = back_to("/desk/sign-in")
    response.delete_cookie(COOKIE, path="/desk")
    return response


def show_password(site: DeskSite, token: str) -> Response:
    """Return the form for a password; opening it uses nothing up."""
    try:
        with site.desk.database.reading() as session:
            member = staff.look(session, site.desk.keys, token, site.desk.clock())
    except StaffRefused as refused:
        return site.refused(None, refused, status=404)
    return site.page("password.html", name=member.name, said="")


def set_password(site: DeskSite, token: str, form: Mapping[str, str], network: str) -> Response:
    """Set the password of the link's owner, or show the form again with what is wrong."""
    desk, now = site.desk, site.desk.clock()
    chosen = form.get("password", "")
    try:
        with desk.database.transaction() as session:
            limits.spend(session, desk.keys, limits.NETWORK_PASSWORDS, network, now)
        with desk.database.reading() as session:
            member = staff.look(session, desk.keys, token, now)
        refused = staff.refused_password(chosen, member.name)
        if refused is None and chosen != form.get("confirmation", ""):
            refused = StaffRefused("staff_password_confirmation")
        if refused is not None:
            said = site.text(f"refused_{refused.phrase}", **refused.fields)
            return site.page("password.html", status=422, name=member.name, said=said)
        hashed = passwords.hashed(chosen)
        with desk.database.transaction() as session:
            staff.set_password(session, desk.keys, token, hashed, now)
    except StaffRefused as no:
        return site.refused(None, no, status=404)
    except BudgetSpent as spent:
        return _too_many(site, spent, "/desk", "")
    return site.page("sign_in.html", then="/desk", said=site.text("password_set"), name=member.name)


def local(address: str) -> str:
    """Return an address of the desk to go to after signing in: none that leads anywhere else."""
    is_own = address.startswith("/desk") and address[5:6] in {"", "/", "?"} and address.isprintable()
    return address if is_own and "\\" not in address and "//" not in address else "/desk"


async def _form(request: Request) -> dict[str, str]:
    async with request.form(max_files=0, max_fields=10) as form:
        return plain(form)


def _too_many(site: DeskSite, spent: BudgetSpent, then: str, name: str) -> Response:
    said = site.text("sign_in_too_many", **spent.fields)
    page = site.page("sign_in.html", status=429, then=then, said=said, name=name)
    page.headers["Retry-After"] = f"{int(str(spent.fields['minutes'])) * 60}"
    return page
