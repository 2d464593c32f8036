"""A ticket's page, and what its forms do."""

import secrets
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import Route

from bot.desk.answers import find
from bot.desk.help_desk import Then, Written
from bot.desk.site import DeskSite, Visit, back_to
from core import rules, ticket_actions, ticket_pages, ticket_work
from core.addresses import masked
from core.refusals import Refusal, TicketRefused
from core.ticket_pages import TicketPage
from core.tickets import id_of, number_of

Act = Callable[[DeskSite, Visit, int], None]
THEN: Final[dict[str, Then]] = {"wait": "wait", "stay": "stay", "resolve": "resolve"}


def routes(site: DeskSite) -> list[Route]:
    """Return the routes of /desk/tickets/<number>."""

    def posting(act: Act) -> Route:
        name = act.__name__.replace("_", "-")
        endpoint = site.visited(lambda visit: _done(site, visit, act))
        return Route(f"/desk/tickets/{{number:int}}/{name}", endpoint, methods=["GET", "POST"])

    def writing(visit: Visit) -> Response:
        try:
            with site.desk.work(visit.member) as desk:
                ticket = ticket_work.held(desk, id_of(visit.number))
                ticket_pages.note_writer(desk.session, ticket.id, visit.member.id, desk.now)
        except TicketRefused:
            return Response(status_code=404)
        return Response(status_code=204)

    return [
        Route("/desk/tickets/{number:int}", site.visited(lambda visit: show(site, visit))),
        Route("/desk/tickets/{number:int}/writing", site.visited(writing), methods=["POST"]),
        Route(
            "/desk/tickets/{number:int}/account",
            site.visited(lambda visit: unmask(site, visit)),
            methods=["GET", "POST"],
        ),
        *map(posting, (reply, note, take, hand_over, subject, step, wait, escalate, resolve, reopen, start)),
    ]


def show(
    site: DeskSite,
    visit: Visit,
    *,
    status: int = 200,
    said: str = "",
    typed: Mapping[str, str] | None = None,
    unmasked: bool = False,
) -> Response:
    """Return the ticket's page; `said` is what went wrong with a form, `typed` what stays in which form."""
    now = site.desk.clock()
    with site.desk.database.reading() as session:
        page = ticket_pages.open_page(session, id_of(visit.number), visit.member.id, now)
    if page is None:
        return unknown(site, visit)
    stays = typed or {}
    asked = visit.request.query_params
    theirs = site.desk.library().language(page.ticket.language)
    inserted = theirs.entries.get(asked.get("insert", ""))
    return site.page(
        "ticket.html",
        visit.signed_in,
        status=status,
        page=page,
        number=visit.number,
        number_of=number_of,
        said=said,
        typed=stays.get("reply", inserted.answer if inserted else ""),
        noted=stays.get("note", ""),
        reason=stays.get("escalate", ""),
        key=secrets.token_urlsafe(12),
        seen=page.history[-1].id if page.history else 0,
        found=find(site.language, asked.get("find", ""), theirs=theirs),
        theirs=theirs,
        find=asked.get("find", "")[:200],
        insert_address=lambda entry: _address(
            visit, urlencode({"insert": entry, "find": asked.get("find", "")}), "#reply"
        ),
        facts=_facts(page, unmasked=unmasked),
        unmasked=unmasked,
        entries=site.language.entries,
        thens=THEN,
        steps=ticket_work.STEPS,
        done={line.detail.get("step") for line in page.history if line.kind == "step"},
        levels=ticket_work.LEVELS,
        actions=ticket_actions.STARTED,
        news_day=site.desk.next_business_day().isoformat(),
    )


def unmask(site: DeskSite, visit: Visit) -> Response:
    """Return the page with the account's facts in clear; that they were looked at is written down first."""
    if visit.request.method != "POST":
        return back_to(_address(visit))
    try:
        with site.desk.work(visit.member) as desk:
            ticket_actions.look(desk, id_of(visit.number))
    except TicketRefused as refused:
        return _again(site, visit, refused, unmask.__name__)
    return show(site, visit, unmasked=True)


def unknown(site: DeskSite, visit: Visit, typed: str = "") -> Response:
    """Return the page for a number that no ticket has, or that is none of anybody's business: the same."""
    return site.refused(visit.signed_in, TicketRefused("ticket_unknown"), status=404, text=typed)


def reply(site: DeskSite, visit: Visit, ticket: int) -> None:
    """Send what was written, then wait for the person, stay at it, or resolve."""
    form, seen = visit.form, visit.form.get("seen", "")
    written = Written(
        form.get("text", ""),
        f"{visit.member.id}:{form.get('key', '')[:64]}",
        int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 16 else 0,
        THEN.get(form.get("then", ""), "wait"),
    )
    site.desk.reply(visit.member, ticket, written)


def note(site: DeskSite, visit: Visit, ticket: int) -> None:
    """Keep an internal note."""
    site.desk.note(visit.member, ticket, visit.form.get("text", ""))


def take(site: DeskSite, visit: Visit, ticket: int) -> None:
    """Make it one's own."""
    owner = visit.form.get("owner", "")
    site.desk.take(
        visit.member, ticket, int(owner) if owner.isascii() and owner.isdigit() and len(owner) < 10 else None
    )


def hand_over(site: DeskSite, visit: Visit, ticket: int) -> None:
    """Give it to a colleague, or back to everybody."""
    to = visit.form.get("to", "")
    with site.desk.work(visit.member) as desk:
        ticket_work.hand_over(desk, ticket, int(to) if to.isascii() and to.isdigit() and len(to) < 10 else None)


def subject(site: DeskSite, visit: Visit, ticket: int) -> None:
    """Say what it is about."""
    named = visit.form.get("subject", "")
    with site.desk.work(visit.member) as desk:
        ticket_work.set_subject(desk, ticket, named if named in site.language.entries else "")


def step(site: DeskSite, visit: Visit, ticket: int) -> None:
    """Tick a step off."""
    with site.desk.work(visit.member) as desk:
        ticket_work.mark_step(desk, ticket, visit.form.get("step", ""))


def wait(site: DeskSite, visit: Visit, ticket: int) -> None:
    """Wait for the person."""
    with site.desk.work(visit.member) as desk:
        ticket_work.wait_for_person(desk, ticket)


def escalate(site: DeskSite, visit: Visit, ticket: int) -> None:
    """Pass it on, with a reason and the day of the next news."""
    try:
        news = date.fromisoformat(visit.form.get("news", ""))
    except ValueError:
        raise TicketRefused("news_day_wrong", days=rules.TICKET_NEWS_MAX_DAYS) from None
    site.desk.escalate(visit.member, ticket, visit.form.get("level", ""), visit.form.get("reason", "")[:2000], news)


def resolve(site: DeskSite, visit: Visit, ticket: int) -> None:
    """End it."""
    site.desk.resolve(visit.member, ticket)


def reopen(site: DeskSite, visit: Visit, ticket: int) -> None:
    """Open it again."""
    with site.desk.work(visit.member) as desk:
        ticket_work.reopen(desk, ticket)


def start(site: DeskSite, visit: Visit, ticket: int) -> None:
    """Start an account action; its result goes to the address on file."""
    with site.desk.work(visit.member) as desk:
        ticket_actions.start(desk, ticket, visit.form.get("action", ""), visit.form.get("identifier", ""))


def _done(site: DeskSite, visit: Visit, act: Act) -> Response:
    """Return where a form leads; who comes to its address without one sees the ticket."""
    if visit.request.method != "POST":
        return back_to(_address(visit, visit.request.url.query))
    try:
        act(site, visit, id_of(visit.number))
    except TicketRefused as refused:
        return _again(site, visit, refused, act.__name__)
    return back_to(_address(visit))


def _again(site: DeskSite, visit: Visit, refused: Refusal, form: str) -> Response:
    """Return the page with what happened instead, and what was typed in its own form, so that nothing is lost."""
    typed = visit.form.get("reason" if form == escalate.__name__ else "text", "")
    if refused.phrase == "ticket_unknown":
        return unknown(site, visit, typed)
    said = site.text(f"refused_{refused.phrase}", **refused.fields)
    return show(site, visit, status=409, said=said, typed={form: typed})


def _address(visit: Visit, query: str = "", place: str = "") -> str:
    return f"/desk/tickets/{visit.number}{f'?{query}' if query else ''}{place}"


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
