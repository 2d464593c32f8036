"""The page behind the link by which a new mailbox answers for itself: opening it answers nothing."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.pages.site import Site
from core import mailbox_links, mailbox_proofs
from core.lost_mailboxes import DONE
from core.refusals import LinkRefused
from core.tables import LostMailbox


def routes(site: Site) -> list[Route]:
    """Return the route /prove/<token>."""

    async def proving(request: Request) -> Response:
        token = request.path_params["token"]
        return await run_in_threadpool(prove if request.method == "POST" else show, site, token)

    return [Route("/prove/{token}", proving, methods=["GET", "POST"])]


def show(site: Site, token: str) -> Response:
    """Return the page with the button by which the mailbox answers, or how its case stands instead."""
    try:
        with site.database.reading() as session:
            case = mailbox_links.look(session, site.keys, mailbox_links.PROVE, token)
    except LinkRefused:
        return _refused(site)
    if mailbox_proofs.is_open(case, site.clock()):
        return site.page("prove.html", email=case.new_email)
    return _answered(site, case)


def prove(site: Site, token: str) -> Response:
    """Take the answer, or say how the case stands."""
    try:
        with site.database.transaction() as session:
            case, _ = mailbox_proofs.prove(session, site.keys, token, site.clock())
    except LinkRefused:
        return _refused(site)
    return _answered(site, case)


def _answered(site: Site, case: LostMailbox) -> Response:
    if case.state == DONE:
        return site.message("prove_changed_title", "prove_changed", leads_to="sign_in")
    key = "prove_done" if case.proved_at and case.ended_at is None else "prove_over"
    return site.message(f"{key}_title", key)


def _refused(site: Site) -> Response:
    return site.message("refused_title", "refused", "refused_prove", status=404, leads_to="chat")
