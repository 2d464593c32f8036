"""What the forms of a ticket's page do."""

from collections.abc import Callable
from datetime import date

from starlette.responses import Response
from starlette.routing import Route

from bot.desk.answers import LONGEST
from bot.desk.help_desk import Written
from bot.desk.site import DeskSite, Visit, back_to, number_in
from bot.desk.ticket_page import THEN, show, unknown
from core import rules, ticket_actions, ticket_pages, ticket_work
from core.refusals import Refusal, TicketRefused
from core.tickets import id_of

Act = Callable[[DeskSite, Visit, int], None]


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
            "/desk/tickets/{number:int}/find", site.visited(lambda visit: find(site, visit)), methods=["GET", "POST"]
        ),
        Route(
            "/desk/tickets/{number:int}/account",
            site.visited(lambda visit: unmask(site, visit)),
            methods=["GET", "POST"],
        ),
        *map(posting, (reply, note, take, hand_over, subject, step, wait, escalate, resolve, reopen, start)),
    ]


def find(site: DeskSite, visit: Visit) -> Response:
    """Return the page with answers that fit the words, and with the one that was chosen behind what is typed so far."""
    if visit.request.method != "POST":
        return back_to(_address(visit))
    text = visit.form.get("text", "")
    chosen = site.language.entries.get(visit.form.get("insert", ""))
    if chosen is not None:
        text = f"{text.rstrip()}\n\n{chosen.answer}" if text.strip() else chosen.answer
    return show(site, visit, typed={reply.__name__: text}, words=visit.form.get("find", "")[:LONGEST])


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


def reply(site: DeskSite, visit: Visit, ticket: int) -> None:
    """Send what was written, then wait for the person, stay at it, or resolve."""
    form = visit.form
    written = Written(
        form.get("text", ""),
        f"{visit.member.id}:{form.get('key', '')[:64]}",
        number_in(form.get("seen", "")) or 0,
        THEN.get(form.get("then", ""), "wait"),
    )
    site.desk.reply(visit.member, ticket, written)


def note(site: DeskSite, visit: Visit, ticket: int) -> None:
    """Keep an internal note."""
    site.desk.note(visit.member, ticket, visit.form.get("text", ""))


def take(site: DeskSite, visit: Visit, ticket: int) -> None:
    """Make it one's own."""
    site.desk.take(visit.member, ticket, number_in(visit.form.get("owner", "")))


def hand_over(site: DeskSite, visit: Visit, ticket: int) -> None:
    """Give it to a colleague, or back to everybody."""
    with site.desk.work(visit.member) as desk:
        ticket_work.hand_over(desk, ticket, number_in(visit.form.get("to", "")))


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
        return back_to(_address(visit))
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


def _address(visit: Visit) -> str:
    return f"/desk/tickets/{visit.number}"
