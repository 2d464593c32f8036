"""A ticket's page as it is shown: to somebody who works on it, and anew to all who watch it."""

import secrets
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from starlette.responses import Response

from bot.desk import answers
from bot.desk.help_desk import Then
from bot.desk.site import DeskSite, Visit
from core import ticket_actions, ticket_pages, ticket_work
from core.addresses import masked
from core.refusals import TicketRefused
from core.ticket_pages import TicketPage
from core.tickets import id_of, number_of

NOBODY = 0
THEN: Final[dict[str, Then]] = {"wait": "wait", "stay": "stay", "resolve": "resolve"}


def show(
    site: DeskSite,
    visit: Visit,
    *,
    status: int = 200,
    said: str = "",
    typed: Mapping[str, str] | None = None,
    words: str = "",
    unmasked: bool = False,
) -> Response:
    """Return the ticket's page.

    `said` is what went wrong with a form, `typed` what stays in which form; answers that fit the `words` are offered.
    """
    if visit.is_by_itself:
        return _show_anew(site, visit)
    page = _read(site, visit.number, visit.member.id)
    if page is None:
        return unknown(site, visit)
    key = secrets.token_urlsafe(12)
    then = visit.form.get("then", "")
    values = _values(site, page, said=said, typed=typed or {}, words=words, key=key, then=then, unmasked=unmasked)
    return site.page("ticket.html", visit.signed_in, status=status, **values)


def unknown(site: DeskSite, visit: Visit, typed: str = "") -> Response:
    """Return the page for a number that no ticket has, or that is none of anybody's business: the same."""
    return site.refused(visit.signed_in, TicketRefused("ticket_unknown"), status=404, text=typed)


def _show_anew(site: DeskSite, visit: Visit) -> Response:
    """Return the page for its script, read and rendered once for all who watch; its owner sees it differently."""
    number = visit.number
    page = site.shared.get(("ticket", number), lambda: _read(site, number, NOBODY))
    if page is None:
        return unknown(site, visit)
    who = visit.member.id if visit.member.id == page.ticket.owner_id else NOBODY
    return site.shared_page("ticket.html", visit, who, number, lambda: _values(site, page))


def _read(site: DeskSite, number: int, staff: int) -> TicketPage | None:
    with site.desk.database.reading() as session:
        return ticket_pages.open_page(session, id_of(number), staff, site.desk.clock())


def _values(
    site: DeskSite,
    page: TicketPage,
    *,
    said: str = "",
    typed: Mapping[str, str] = MappingProxyType({}),
    words: str = "",
    key: str = "",
    then: str = "",
    unmasked: bool = False,
) -> dict[str, Any]:
    """Return what the template shows."""
    return {
        "page": page,
        "number": number_of(page.ticket.id),
        "number_of": number_of,
        "said": said,
        "typed": typed.get("reply", ""),
        "noted": typed.get("note", ""),
        "reason": typed.get("escalate", ""),
        "key": key,
        "seen": page.history[-1].id if page.history else 0,
        "found": answers.find(site.language, words),
        "find": words,
        "facts": _facts(page, unmasked=unmasked),
        "unmasked": unmasked,
        "entries": site.language.entries,
        "thens": THEN,
        "then": then,
        "steps": ticket_work.STEPS,
        "done": {line.detail.get("step") for line in page.history if line.kind == "step"},
        "levels": ticket_work.LEVELS,
        "actions": ticket_actions.STARTED,
        "news_day": site.desk.next_business_day().isoformat(),
    }


def _facts(page: TicketPage, *, unmasked: bool) -> dict[str, str]:
    account = page.account
    if account is None:
        return {}
    name = f"{account.first_name} {account.last_name}"
    return {
        "username": account.username if unmasked else f"{account.username[:1]}****",
        "name": name if unmasked else f"{account.first_name[:1]}****",
        "email": account.email if unmasked else masked(account.email),
    }
