"""The queue's page: tickets with filters, search and counts."""

from datetime import datetime
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.routing import Route

from bot.desk.site import DeskSite, Visit
from core import ticket_queue
from core.ticket_queue import Filters, Page
from core.tickets import RESOLVED, STATES

SHOWN = ("unresolved", *STATES, "all")
LONGEST_SEARCH = 200


def routes(site: DeskSite) -> list[Route]:
    """Return the route /desk."""

    def queue(visit: Visit) -> Response:
        asked = visit.request.query_params
        now = site.desk.clock()
        filters = read_filters(asked, now)
        with site.desk.database.reading() as session:
            page = ticket_queue.page(session, filters, visit.member.id)
            counts = ticket_queue.counts(session, visit.member.id, now)
        return site.page(
            "queue.html",
            visit.signed_in,
            page=page,
            counts=counts,
            filters=filters,
            states=SHOWN,
            views=_views(),
            next_page=_next_page(asked, page, filters),
            entries=site.language.entries,
        )

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
    is_whole = at.tzinfo is not None and number.isascii() and number.isdigit() and len(number) < 10
    return (at, int(number)) if is_whole else None


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
