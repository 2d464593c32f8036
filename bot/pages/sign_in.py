"""Signing in, in two steps: the username, then the password under one's own protection phrase (002).

An unknown username is shown an invented phrase, and its password is compared as slowly as any other (S1).
"""

from datetime import datetime, timedelta

from starlette.responses import Response
from starlette.routing import Route

from bot.pages import verifying
from bot.pages.door import ACCOUNT_COOKIE, Door, Mistakes, back_to, status_of, wait
from bot.pages.verifying import OTHERS, SIGN_IN, Shown
from bot.pages.visits import Unit, Visit, sealed, unsealed
from core import account_sessions, accounts, audit, limits, passwords, protection_phrases, rules, verification
from core.addresses import username_key
from core.refusals import BudgetSpent, ProofRefused
from core.tables import Account

# Made once, of nobody's password: an unknown username takes as long as a wrong password.
_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$k8RIdtXjWJbIF1lg9iVFgA$5rAYtftiY4f/pg3V9eW+2IMK9idGfEMf6s6rCi6sXhQ"
# An old username may be an e-mail address (004).
LONGEST_USERNAME = 254
# How long the second step can be opened again: others may use the browser after.
PASSWORD_STEP = timedelta(minutes=15)


def routes(door: Door) -> list[Route]:
    """Return the routes of the two steps, and of signing out."""
    return [
        Route("/account/sign-in", door.visited(lambda visit: first_step(door, visit)), methods=["GET", "POST"]),
        Route(
            "/account/sign-in/password", door.visited(lambda visit: second_step(door, visit)), methods=["GET", "POST"]
        ),
        Route("/account/sign-out", door.visited(lambda visit: sign_out(door, visit)), methods=["POST"]),
    ]


def first_step(door: Door, visit: Visit) -> Response:
    """Ask for the username; then show the phrase and ask for the password."""
    if visit.signed_in is not None:
        return back_to("/account")
    if not visit.is_post:
        return _username_page(door, visit, {}, 200)
    found = _username_mistakes(door, visit)
    if found:
        return _username_page(door, visit, found, status_of(visit))
    try:
        with door.site.database.transaction() as session:
            limits.spend(session, door.site.keys, limits.NETWORK_USERNAMES, visit.network, door.site.clock())
    except BudgetSpent as spent:
        return wait(_username_page(door, visit, {"": [door.told(spent)]}, 429), spent)
    with visit.unit() as unit:
        typed, until = sealed(unit, visit.posted.text("username")), unit.context.now + PASSWORD_STEP
        unit.held.state["sign_in"] = {"username": typed, "until": until.isoformat()}
    return back_to("/account/sign-in/password")


def second_step(door: Door, visit: Visit) -> Response:
    """Begin a session where the password is right; both budgets are counted before anything is looked up.

    The page has an address of its own, so that whoever leaves it before a password is typed comes back to it: no
    browser shows the answer to a form again.
    """
    if not visit.is_post:
        with visit.unit() as unit:
            username = _username_before(unit)
        return _password_page(door, visit, {}, 200, username=username) if username else back_to("/account/sign-in")
    found = _username_mistakes(door, visit)
    if "" in found or "username" in found:
        return _username_page(door, visit, found, status_of(visit))
    other = OTHERS.get(visit.posted.text("other"))
    if other is not None:
        with visit.unit() as unit:
            block = verifying.issued(visit, unit, SIGN_IN, "characters" if other == "code" else other, "")
        return _password_page(door, visit, {}, 200, block)
    given = visit.posted.secret("password")
    if not given:
        return _password_page(door, visit, {"password": [door.site.text("no_password_missing")]}, 422)
    refused = _counted(door, visit)
    if refused is not None:
        return refused
    username, now = username_key(visit.posted.text("username")), door.site.clock()
    with door.site.database.reading() as session:
        account = accounts.find_by_username(session, username)
        kept = account.password_hash if account else None
    is_right = passwords.matches(kept or _NOBODYS, given[: rules.PASSWORD_MAX + 1]) and kept is not None
    if not is_right or account is None:
        return _wrong(door, visit, account, now)
    return _right(door, visit, username, now)


def sign_out(door: Door, visit: Visit) -> Response:
    """End the session of this browser, if there is one; a page that is not ours ends none."""
    if visit.posted.wrong:
        return door.page(
            visit, "account/sign_in.html", status=status_of(visit), mistakes=door.found(visit, ()), typed={}
        )
    if visit.signed_in is not None:
        with door.site.database.transaction() as session:
            account_sessions.end(session, visit.signed_in, door.site.clock())
    response = back_to("/account/sign-in")
    response.delete_cookie(ACCOUNT_COOKIE, path="/account")
    return response


def _counted(door: Door, visit: Visit) -> Response | None:
    """Count a try by network and by username; after too many at one username it takes verification characters."""
    username, now = username_key(visit.posted.text("username")), door.site.clock()
    try:
        with door.site.database.transaction() as session:
            limits.spend(session, door.site.keys, limits.NETWORK_ACCOUNT_SIGN_INS, visit.network, now)
    except BudgetSpent as spent:
        return wait(_password_page(door, visit, {"": [door.told(spent)]}, 429), spent)
    try:
        with door.site.database.transaction() as session:
            limits.spend(session, door.site.keys, limits.USERNAME_SIGN_INS, username, now)
    except BudgetSpent:
        try:
            with visit.unit() as unit:
                proof = verifying.proof(visit, unit, SIGN_IN, username)
            if proof is not None:
                with visit.unit() as unit:
                    verification.consume(unit.context, proof, SIGN_IN, username)
                return None
        except ProofRefused:
            pass
        with visit.unit() as unit:
            block = verifying.shown(visit, unit, SIGN_IN)
        found = {"": [door.site.text("sign_in_many_tries")], **verifying.mistakes(door, visit, SIGN_IN)}
        return _password_page(door, visit, found, 422, block)
    return None


def _right(door: Door, visit: Visit, username: str, now: datetime) -> Response:
    with door.site.database.transaction() as session:
        account = accounts.find_by_username(session, username)
        state = accounts.status(account, now) if account else "lapsed"
        token = account_sessions.begin(session, account, now) if account and state == "active" else ""
        if token and visit.signed_in:
            account_sessions.end(session, visit.signed_in, now)
    if not token:
        return door.page(visit, "account/not_active.html", status=403, state=state)
    with visit.unit() as unit:
        unit.held.state.pop("sign_in", None)
    response = back_to("/account")
    door.give_cookie(response, ACCOUNT_COOKIE, token)
    return response


def _wrong(door: Door, visit: Visit, account: Account | None, now: datetime) -> Response:
    with door.site.database.transaction() as session:
        whose = account.id if account else None
        audit.record(session, audit.Event.ACCOUNT_SIGN_IN_REFUSED, now=now, account_id=whose)
    return _password_page(door, visit, {"password": [door.site.text("no_password_wrong")]}, 403)


def _username_before(unit: Unit) -> str:
    """Return the username of the first step; nothing where that was long ago, and it is forgotten then."""
    begun = unit.held.state.get("sign_in")
    if begun is None or datetime.fromisoformat(begun["until"]) <= unit.context.now:
        unit.held.state.pop("sign_in", None)
        return ""
    return unsealed(unit, begun["username"])


def _username_mistakes(door: Door, visit: Visit) -> Mistakes:
    found = door.found(visit, ("username",))
    username = visit.posted.text("username")
    if not username and not found:
        found["username"] = [door.site.text("no_username_missing")]
    elif len(username) > LONGEST_USERNAME:
        found["username"] = [door.site.text("no_username_far_too_long")]
    return found


def _username_page(door: Door, visit: Visit, mistakes: Mistakes, status: int) -> Response:
    typed = {"username": visit.posted.text("username")}
    return door.page(visit, "account/sign_in.html", status=status, mistakes=mistakes, typed=typed)


def _password_page(
    door: Door, visit: Visit, mistakes: Mistakes, status: int, block: Shown | None = None, username: str = ""
) -> Response:
    username = username or visit.posted.text("username")
    with door.site.database.reading() as session:
        phrase = protection_phrases.shown(session, door.site.keys, username)
    return door.page(
        visit,
        "account/password.html",
        status=status,
        mistakes=mistakes,
        username=username,
        phrase=phrase,
        verification=block,
        is_sent=False,
    )
