"""The pages behind mailed links: opening one changes nothing; its button activates, or sets password or address."""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.pages.site import Site, network_of
from core import accounts, limits, links, passwords
from core.refusals import BudgetSpent, LinkRefused, PasswordRefused
from core.tables import Account


def routes(site: Site) -> list[Route]:
    """Return the routes /activate/<token>, /email/<token> and /reset/<token>."""

    async def activation(request: Request) -> Response:
        token = request.path_params["token"]
        if request.method == "POST":
            return await run_in_threadpool(activate, site, token)
        return await run_in_threadpool(show_activation, site, token)

    async def reset(request: Request) -> Response:
        token = request.path_params["token"]
        if request.method == "POST":
            async with request.form(max_files=0, max_fields=10) as form:
                chosen = Chosen(str(form.get("password", "")), str(form.get("confirmation", "")))
            return await run_in_threadpool(set_password, site, token, chosen, network_of(request))
        return await run_in_threadpool(show_reset, site, token)

    async def email(request: Request) -> Response:
        token = request.path_params["token"]
        if request.method == "POST":
            return await run_in_threadpool(change_email, site, token)
        return await run_in_threadpool(show_email, site, token)

    return [
        Route("/activate/{token}", activation, methods=["GET", "POST"]),
        Route("/email/{token}", email, methods=["GET", "POST"]),
        Route("/reset/{token}", reset, methods=["GET", "POST"]),
    ]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A password as it was typed, twice (002)."""

    password: str
    confirmation: str

    def mistakes(self, account: Account) -> list[PasswordRefused]:
        """Return a refusal for every rule of 002 that is broken, or one for typing nothing or two different things."""
        if not self.password:
            return [PasswordRefused("password_missing")]
        broken = passwords.broken_rules(
            self.password, username=account.username, email=account.email, phrase=account.protection_phrase or ""
        )
        return broken or ([] if self.password == self.confirmation else [PasswordRefused("password_confirmation")])


def show_activation(site: Site, token: str) -> Response:
    """Return the page with the button that activates, or what is to be said of the link instead."""
    now = site.clock()
    try:
        with site.database.reading() as session:
            _, account = links.look(session, site.keys, links.ACTIVATE, token, now)
    except LinkRefused:
        return _refused(site, links.ACTIVATE)
    if accounts.status(account, now) == "active":
        return site.message("activate_already_title", "activate_already", leads_to="sign_in")
    return site.page("activate.html", username=account.username)


def activate(site: Site, token: str) -> Response:
    """Activate the account of the link; one that is active already is told so."""
    try:
        with site.database.transaction() as session:
            used = links.use_to_activate(session, site.keys, token, site.clock(), language=site.wording().code)
    except LinkRefused:
        return _refused(site, links.ACTIVATE)
    if not used.changed:
        return site.message("activate_already_title", "activate_already", leads_to="sign_in")
    if not used.account.password_hash:
        return site.message("activate_done_title", "activate_done_no_password", leads_to="recover")
    return site.message("activate_done_title", "activate_done", leads_to="sign_in")


def show_reset(site: Site, token: str) -> Response:
    """Return the form for a new password, or what is to be said of the link instead."""
    try:
        with site.database.reading() as session:
            _, account = links.look(session, site.keys, links.RESET, token, site.clock())
    except LinkRefused:
        return _refused(site, links.RESET)
    return site.page("reset.html", username=account.username, mistakes={})


def set_password(site: Site, token: str, chosen: Chosen, network: str) -> Response:
    """Set the password of the link's account, or show the form again with everything that is wrong.

    The network's budget is counted first, whatever the link is worth; the hash is made between two transactions.
    """
    try:
        with site.database.transaction() as session:
            limits.spend(session, site.keys, limits.NETWORK_PASSWORDS, network, site.clock())
        with site.database.reading() as session:
            _, account = links.look(session, site.keys, links.RESET, token, site.clock())
        mistakes = chosen.mistakes(account)
        if mistakes:
            told: dict[str, list[str]] = {}
            for each in mistakes:
                field = "confirmation" if each.phrase == "password_confirmation" else "password"
                told.setdefault(field, []).append(site.text(f"reset_{each.phrase}", **each.fields))
            return site.page("reset.html", status=422, username=account.username, mistakes=told)
        password_hash = passwords.hashed(chosen.password)
        with site.database.transaction() as session:
            links.use_to_reset(session, site.keys, token, password_hash, site.clock(), language=site.wording().code)
    except LinkRefused:
        return _refused(site, links.RESET)
    except BudgetSpent as spent:
        minutes = spent.fields["minutes"]
        page = site.message("too_many_title", "too_many", status=429, minutes=minutes)
        page.headers["Retry-After"] = f"{int(str(minutes)) * 60}"
        return page
    return site.message("reset_done_title", "reset_done", "reset_done_not_you", leads_to="sign_in")


def show_email(site: Site, token: str) -> Response:
    """Return the page with the button that changes the address, or what is to be said of the link instead."""
    try:
        with site.database.reading() as session:
            link, account = links.look(session, site.keys, links.EMAIL, token, site.clock())
    except LinkRefused:
        return _refused(site, links.EMAIL)
    return site.page("email.html", username=account.username, email=link.email)


def change_email(site: Site, token: str) -> Response:
    """Give the account of the link the address that it proves."""
    try:
        with site.database.transaction() as session:
            links.use_to_change_email(session, site.keys, token, site.clock(), language=site.wording().code)
    except LinkRefused:
        return _refused(site, links.EMAIL)
    return site.message("email_done_title", "email_done", "email_done_old", leads_to="sign_in")


def _refused(site: Site, purpose: links.Purpose) -> Response:
    leads_to = "sign_in" if purpose == links.EMAIL else "recover"
    said = ("refused", "refused_just_done", f"refused_{purpose}")
    return site.message("refused_title", *said, status=404, leads_to=leads_to)
