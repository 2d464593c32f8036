"""The page behind the link with which an owner stops the change of a lost mailbox: opening it stops nothing."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.pages.site import Site
from core import mailbox_links, mailbox_stops
from core.addresses import masked
from core.lost_mailboxes import APPROVED, DONE
from core.refusals import LinkRefused
from core.tables import Account, LostMailbox


def routes(site: Site) -> list[Route]:
    """Return the route /stop/<token>."""

    async def stopping(request: Request) -> Response:
        token = request.path_params["token"]
        return await run_in_threadpool(stop if request.method == "POST" else show, site, token)

    return [Route("/stop/{token}", stopping, methods=["GET", "POST"])]


def show(site: Site, token: str) -> Response:
    """Return the page with the button that stops the change, or tells help of it, or how its case stands instead."""
    try:
        with site.database.reading() as session:
            case = mailbox_links.look(session, site.keys, mailbox_links.STOP, token)
            username = session.get_one(Account, case.account_id).username
    except LinkRefused:
        return _refused(site)
    if case.state == APPROVED or (case.state == DONE and case.contested_at is None):
        key = "stop" if case.state == APPROVED else "stop_late"
        return site.page("stop.html", key=key, username=username, new_email=masked(case.new_email))
    return _over(site, case)


def stop(site: Site, token: str) -> Response:
    """Stop the change; say so where it was made already and help is told instead, or how its case stands."""
    try:
        with site.database.transaction() as session:
            case, is_stopped = mailbox_stops.stop(session, site.keys, token, site.clock())
    except LinkRefused:
        return _refused(site)
    return site.message("stop_done_title", "stop_done") if is_stopped else _over(site, case)


def _over(site: Site, case: LostMailbox) -> Response:
    if case.state == DONE:
        return site.message("stop_told_title", "stop_told", "stop_told_reach", leads_to="chat")
    return site.message("stop_nothing_title", "stop_nothing")


def _refused(site: Site) -> Response:
    return site.message("refused_title", "refused", "refused_stop", status=404, leads_to="chat")
