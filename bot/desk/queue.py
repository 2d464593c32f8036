"""The queue's page: tickets with filters, search and counts."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.routing import Route

from bot.desk.site import DeskSite, Visit, number_in
from core import ticket_queue
from core.ticket_queue import Counts, Filters, Page
from core.tickets import RESOLVED, STATES

SHOWN = ("unresolved", *STATES, "all")
LONGEST_SEARCH = 200
NOBODY = 0


def routes(site: DeskSite) -> list[Route]:
    """Return the route /desk."""

    def queue(visit: Visit) -> Response:
        asked = visit.request.query_params
        filters = read_filters(asked, site.desk.clock())
        who = visit.member.id
        if not visit.is_by_itself:
            page, counts = read(filters, who)
            return site.page("queue.html", visit.signed_in, **values(asked, filters, page, counts.shown_to(who)))
        # Read once for all who watch this; rendered once for those of them who have as many tickets.
        shown, whose = str(asked), who if filters.whose == "mine" else NOBODY
        page, counts = site.shared.get(("queue", shown, whose), lambda: read(filters, who))
        numbers = counts.shown_to(who)
        key = (shown, numbers["mine"])
        return site.shared_page("queue.html", visit, whose, key, lambda: values(asked, filters, page, numbers))

    def read(filters: Filters, who: int) -> tuple[Page, Counts]:
        with site.desk.database.reading() as session:
            return ticket_queue.page(session, filters, who), ticket_queue.counts(session, site.desk.clock())

    def values(asked: QueryParams, filters: Filters, page: Page, numbers: dict[str, int]) -> dict[str, Any]:
        return {
            "page": page,
            "counts": numbers,
            "filters": filters,
            "states": SHOWN,
            "views": _views(),
            "next_page": _next_page(asked, page, filters),
            "entries": site.language.entries,
        }

    return [Route("/desk", site.visited(queue))]


def read_filters(asked: QueryParams, now: datetime) -> Filters:
    """Return the filters of an address; what makes no sense in it is passed over."""
    state = asked.get("state", "unresolved")
    whose = asked.get("whose", "all")
    return Filters(
        state=state if state in SHOWN else "unresolved",
        whose="mine" if whose == "mine" else "nobody" if whose == "nobody" else "all",
        words=asked.get("words", "")[:LONGEST_SEARCH],
        late_at=now if asked.get("late") else None,
        after=_after(asked.get("after", "")),
    )


def _after(text: str) -> tuple[datetime, int] | None:
    moment, _, number = text.partition("~")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    last = number_in(number)
    return (at, last) if at.tzinfo is not None and last is not None else None


def _next_page(asked: QueryParams, page: Page, filters: Filters) -> str:
    if not page.more:
        return ""
    last = page.rows[-1]
    kept = {name: value for name, value in asked.items() if name in {"state", "whose", "words", "late"}}
    return f"/desk?{urlencode({**kept, 'state': filters.state, 'after': f'{last.due_at.isoformat()}~{last.id}'})}"


def _views() -> list[tuple[str, str]]:
    """Return the counted views over the table: the name of the count, and the address."""
    return [
        ("unresolved", "/desk"),
        ("mine", "/desk?whose=mine"),
        ("nobody", "/desk?whose=nobody"),
        ("late", "/desk?late=1"),
        *((state, f"/desk?state={state}") for state in STATES if state != RESOLVED),
        (RESOLVED, f"/desk?state={RESOLVED}"),
    ]
