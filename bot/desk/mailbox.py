"""The pages of lost mailboxes: the case on a ticket with its checklist and its steps, and the list of all."""

from collections.abc import Callable, Mapping
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from bot.desk.site import DeskSite, Visit, back_to, number_in
from core import accounts, lost_mailboxes, mailbox_cases, mailbox_proofs, rules
from core.addresses import masked
from core.lost_mailboxes import EVIDENCE, LIVE, Claim
from core.mailbox_cases import Case
from core.refusals import TicketRefused
from core.roles import Duty
from core.tables import Ticket
from core.tickets import RESOLVED, id_of, number_of

Act = Callable[[DeskSite, Visit, int], None]
FIELDS: Final = ("identifier", "email", "email_again", "reason", "checked")
LONGEST_FIELD: Final = 10_000


def routes(site: DeskSite) -> list[Route]:
    """Return the routes /desk/mailboxes and /desk/tickets/<number>/mailbox with its forms."""

    def posting(act: Act) -> Route:
        endpoint = site.visited(lambda visit: _done(site, visit, act), Duty.RECOVER_MAILBOXES)
        return Route(f"{_PATH}/{act.__name__}", endpoint, methods=["GET", "POST"])

    return [
        Route("/desk/mailboxes", site.visited(lambda visit: show_all(site, visit), Duty.RECOVER_MAILBOXES)),
        Route(_PATH, site.visited(lambda visit: show(site, visit), Duty.RECOVER_MAILBOXES)),
        Route(
            f"{_PATH}/account",
            site.visited(lambda visit: unmask(site, visit), Duty.RECOVER_MAILBOXES),
            methods=["GET", "POST"],
        ),
        *map(posting, (opening, approve, refuse, withdraw)),
    ]


_PATH: Final = "/desk/tickets/{number:int}/mailbox"


def show_all(site: DeskSite, visit: Visit) -> Response:
    """Return the list of all cases that are not over."""
    with site.desk.database.reading() as session:
        cases = mailbox_cases.live(session)
    return site.page("mailboxes.html", visit.signed_in, cases=cases, number_of=number_of)


def show(
    site: DeskSite,
    visit: Visit,
    *,
    status: int = 200,
    said: str = "",
    typed: Mapping[str, str] | None = None,
    unmasked: bool = False,
) -> Response:
    """Return the page of the ticket's case; `said` is what went wrong with a form, `typed` what stays in it."""
    with site.desk.database.reading() as session:
        ticket = session.get(Ticket, id_of(visit.number))
        cases = mailbox_cases.of_ticket(session, id_of(visit.number))
    if ticket is None:
        return site.refused(visit.signed_in, TicketRefused("ticket_unknown"), status=404)
    case = next((each for each in cases if each.row.state in LIVE), None)
    return site.page(
        "mailbox.html",
        visit.signed_in,
        status=status,
        number=visit.number,
        ticket=ticket,
        is_resolved=ticket.state == RESOLVED,
        case=case,
        past=[each for each in cases if each is not case],
        facts=_facts(site, case, unmasked=unmasked) if case else {},
        unmasked=unmasked,
        said=said,
        typed=typed or {},
        items=EVIDENCE,
        minimum=rules.MAILBOX_EVIDENCE_MIN,
        hours=rules.MAILBOX_WAIT_HOURS,
        lapses=mailbox_proofs.lapses,
    )


def unmask(site: DeskSite, visit: Visit) -> Response:
    """Return the page with the account's facts in clear; that they were looked at is written down first."""
    if visit.request.method != "POST":
        return back_to(_address(visit))
    try:
        with site.desk.work(visit.member) as desk:
            lost_mailboxes.look(desk, id_of(visit.number), _case_of(visit))
    except TicketRefused as refused:
        return _again(site, visit, refused)
    return show(site, visit, unmasked=True)


def opening(site: DeskSite, visit: Visit, ticket: int) -> None:
    """Open a case, with its evidence."""
    form = visit.form
    identifier, email, again, reason, checked = (form.get(field, "")[:LONGEST_FIELD] for field in FIELDS)
    _refuse_secrets(site, reason, checked)
    evidence = [each for each in EVIDENCE if form.get(f"evidence_{each}")]
    with site.desk.work(visit.member) as desk:
        lost_mailboxes.open_case(desk, ticket, Claim(identifier, email, again, reason, evidence, checked))


def approve(site: DeskSite, visit: Visit, ticket: int) -> None:
    """Be the second."""
    with site.desk.work(visit.member) as desk:
        lost_mailboxes.approve(desk, ticket, _case_of(visit))


def refuse(site: DeskSite, visit: Visit, ticket: int) -> None:
    """End a colleague's case."""
    why = visit.form.get("why", "")
    _refuse_secrets(site, why)
    with site.desk.work(visit.member) as desk:
        lost_mailboxes.refuse(desk, ticket, _case_of(visit), why)


def withdraw(site: DeskSite, visit: Visit, ticket: int) -> None:
    """End one's own case."""
    with site.desk.work(visit.member) as desk:
        lost_mailboxes.withdraw(desk, ticket, _case_of(visit))


def _done(site: DeskSite, visit: Visit, act: Act) -> Response:
    if visit.request.method != "POST":
        return back_to(_address(visit))
    try:
        act(site, visit, id_of(visit.number))
    except TicketRefused as refused:
        return _again(site, visit, refused)
    return back_to(_address(visit))


def _again(site: DeskSite, visit: Visit, refused: TicketRefused) -> Response:
    said = site.text(f"refused_{refused.phrase}", **refused.fields)
    return show(site, visit, status=409, said=said, typed=visit.form)


def _refuse_secrets(site: DeskSite, *texts: str) -> None:
    if any(site.desk.holds_secret(text) for text in texts):
        raise TicketRefused("note_has_secret")


def _case_of(visit: Visit) -> int:
    return number_in(visit.form.get("case", "")) or 0


def _address(visit: Visit) -> str:
    return f"/desk/tickets/{visit.number}/mailbox"


def _facts(site: DeskSite, case: Case, *, unmasked: bool) -> dict[str, str]:
    account = case.account
    name = f"{account.first_name} {account.last_name}"
    state = site.text(f"account_{accounts.status(account, site.desk.clock())}")
    return {
        "username": account.username if unmasked else f"{account.username[:1]}****",
        "name": name if unmasked else f"{account.first_name[:1]}****",
        "email": case.row.old_email if unmasked else masked(case.row.old_email),
        "state": state,
    }
