"""The profile (003: "Your Name's Account", "Edit My Profile"): names, phrase, e-mail, password; signing out."""

from starlette.responses import Response
from starlette.routing import Route

from bot.pages.create import email_mistakes, name_mistakes, password_mistakes
from bot.pages.door import ACCOUNT_COOKIE, Door, Mistakes, back_to, status_of, wait
from bot.pages.visits import Visit
from core import account_sessions, accounts, addresses, limits, passwords, profile, rules
from core.references import reference
from core.refusals import BudgetSpent
from core.tables import Account

# What is said at the top of the account's page once something was done.
DONE = frozenset({"profile", "password"})


def routes(door: Door) -> list[Route]:
    """Return the routes of whoever is signed in."""
    both = ["GET", "POST"]
    return [
        Route("/account", door.owned(lambda visit: show(door, visit))),
        Route("/account/profile", door.owned(lambda visit: change_profile(door, visit)), methods=both),
        Route("/account/email", door.owned(lambda visit: change_email(door, visit)), methods=both),
        Route("/account/password", door.owned(lambda visit: change_password(door, visit)), methods=both),
        Route(
            "/account/sign-out-everywhere", door.owned(lambda visit: sign_out_everywhere(door, visit)), methods=["POST"]
        ),
    ]


def show(door: Door, visit: Visit) -> Response:
    """Show the account."""
    done = visit.request.query_params.get("done", "")
    with visit.unit() as unit:
        asked = unit.held.state.get("new_email", {})
    is_own = asked.get("account") == _account(visit).id
    return door.page(
        visit,
        "account/account.html",
        account=_account(visit),
        done=done if done in DONE else "",
        new_email=asked if done == "email" and is_own else None,
    )


def change_profile(door: Door, visit: Visit) -> Response:
    """Change names and phrase."""
    account, posted = _account(visit), visit.posted
    if not visit.is_post:
        typed = {"first_name": account.first_name, "last_name": account.last_name}
        return _page(door, visit, "profile", {}, 200, {**typed, "phrase": account.protection_phrase or ""})
    fields = ("first_name", "last_name", "phrase")
    typed = {name: posted.text(name) for name in fields}
    found = door.found(visit, fields)
    if "" not in found:
        kept = (account.first_name, account.last_name)
        found |= name_mistakes(door, typed["first_name"], typed["last_name"], typed["phrase"], kept)
        if not typed["phrase"]:
            found["phrase"] = [door.site.text("no_protection_phrase_missing")]
    if not found and account.password_hash and typed["phrase"] != account.protection_phrase:
        try:
            _count(door, visit)
        except BudgetSpent as spent:
            return wait(_page(door, visit, "profile", {"": [door.told(spent)]}, 429, typed), spent)
        if passwords.matches(account.password_hash, typed["phrase"]):
            found["phrase"] = [door.site.text("no_protection_phrase_is_password")]
    if found:
        return _page(door, visit, "profile", found, status_of(visit), typed)
    with door.site.database.transaction() as session:
        accounts.set_profile(
            session,
            session.get_one(Account, account.id),
            door.site.clock(),
            first_name=typed["first_name"],
            last_name=typed["last_name"],
            protection_phrase=typed["phrase"],
        )
    return back_to("/account?done=profile")


def change_email(door: Door, visit: Visit) -> Response:
    """Ask for another address: a link to it proves it, and only then it is the account's (003)."""
    account, posted = _account(visit), visit.posted
    if not visit.is_post:
        return _page(door, visit, "email", {}, 200, {})
    typed = {name: posted.text(name) for name in ("email", "email_again")}
    found = door.found(visit, ("email", "email_again", "current"))
    if "" not in found:
        found |= email_mistakes(door, visit)
        if not found and addresses.canonical(typed["email"]) == account.email_key:
            found["email"] = [door.site.text("no_email_same")]
    if found:
        return _page(door, visit, "email", found, status_of(visit), typed)
    refused = _with_password(door, visit, "email", typed)
    if refused is not None:
        return refused
    try:
        with visit.unit() as unit:
            request = profile.ask_to_change_email(unit.context, account, typed["email"])
            unit.held.state["new_email"] = {
                "account": account.id,
                "shown": addresses.masked(typed["email"]),
                "reference": reference(door.site.keys, "request", request),
            }
    except BudgetSpent as spent:
        return wait(_page(door, visit, "email", {"": [door.told(spent)]}, 429, typed), spent)
    return back_to("/account?done=email")


def change_password(door: Door, visit: Visit) -> Response:
    """Choose another password; every other browser is signed out, and the owner is told."""
    account, signed_in = _account(visit), visit.signed_in
    if not visit.is_post or signed_in is None:
        return _page(door, visit, "password", {}, 200, {})
    found = door.found(visit, ("current", "password", "password_again"))
    if "" not in found:
        found |= password_mistakes(door, visit, account.username, account.email, account.protection_phrase or "")
    if found:
        return _page(door, visit, "password", found, status_of(visit), {})
    refused = _with_password(door, visit, "password", {})
    if refused is not None:
        return refused
    if visit.posted.secret("password") == visit.posted.secret("current"):
        return _page(door, visit, "password", {"password": [door.site.text("no_password_same")]}, 422, {})
    password_hash, language = passwords.hashed(visit.posted.secret("password")), door.site.wording().code
    with door.site.database.transaction() as session:
        profile.change_password(session, signed_in, password_hash, door.site.clock(), language=language)
    return back_to("/account?done=password")


def sign_out_everywhere(door: Door, visit: Visit) -> Response:
    """End every session of the account."""
    if visit.posted.wrong:
        return door.page(
            visit,
            "account/account.html",
            status=status_of(visit),
            mistakes=door.found(visit, ()),
            account=_account(visit),
            done="",
            new_email=None,
        )
    with door.site.database.transaction() as session:
        account_sessions.end_all(session, _account(visit).id, door.site.clock())
    response = back_to("/account/sign-in")
    response.delete_cookie(ACCOUNT_COOKIE, path="/account")
    return response


def _with_password(door: Door, visit: Visit, what: str, typed: dict[str, str]) -> Response | None:
    """Return nothing when the account's password was typed as well, else the page again; counted by network."""
    given, kept = visit.posted.secret("current"), _account(visit).password_hash
    try:
        _count(door, visit)
    except BudgetSpent as spent:
        return wait(_page(door, visit, what, {"": [door.told(spent)]}, 429, typed), spent)
    if given and kept and passwords.matches(kept, given[: rules.PASSWORD_MAX + 1]):
        return None
    said = "no_current_password_wrong" if given else "no_password_missing"
    return _page(door, visit, what, {"current": [door.site.text(said)]}, 403, typed)


def _count(door: Door, visit: Visit) -> None:
    """Count that something is compared with a password; BudgetSpent when this network did so too often."""
    with door.site.database.transaction() as session:
        limits.spend(session, door.site.keys, limits.NETWORK_PASSWORDS, visit.network, door.site.clock())


def _account(visit: Visit) -> Account:
    if visit.signed_in is None:
        raise LookupError("nobody is signed in")
    return visit.signed_in.account


def _page(door: Door, visit: Visit, what: str, mistakes: Mistakes, status: int, typed: dict[str, str]) -> Response:
    return door.page(
        visit,
        f"account/change_{what}.html",
        status=status,
        mistakes=mistakes,
        account=_account(visit),
        typed=typed,
    )
