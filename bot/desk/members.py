"""The page on which an admin manages staff: who works here, in which role, and the links that set their passwords."""

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session
from starlette.responses import Response
from starlette.routing import Route

from bot.desk.site import DeskSite, Visit, back_to
from core import rules, staff
from core.refusals import StaffRefused
from core.roles import ROLES, Duty

Act = Callable[[DeskSite, Visit, Session], str]
_LONGEST_ID = 15


def routes(site: DeskSite) -> list[Route]:
    """Return the routes of /desk/staff."""

    def posting(act: Act) -> Route:
        endpoint = site.visited(lambda visit: _done(site, visit, act), Duty.MANAGE_STAFF)
        return Route(f"/desk/staff/{act.__name__}", endpoint, methods=["GET", "POST"])

    shown = site.visited(lambda visit: show(site, visit), Duty.MANAGE_STAFF)
    return [Route("/desk/staff", shown), *map(posting, (add, change, disable, link))]


def show(
    site: DeskSite,
    visit: Visit,
    *,
    status: int = 200,
    said: str = "",
    link: str = "",
    typed: Mapping[str, str] | None = None,
) -> Response:
    """Return the list of everybody; `link` is one that was just made, for `typed["name"]`, and is shown only now."""
    with site.desk.database.reading() as session:
        members = staff.members(session)
    return site.page(
        "staff.html",
        visit.signed_in,
        status=status,
        members=members,
        roles=ROLES,
        said=said,
        link=link,
        typed=typed or {},
        hours=rules.STAFF_LINK_HOURS,
    )


def add(site: DeskSite, visit: Visit, session: Session) -> str:
    """Let somebody work here; return the token of the link that sets their password."""
    role = next((each for each in ROLES if each == visit.form.get("role")), None)
    if role is None:
        raise StaffRefused("staff_role_unknown")
    now, by = site.desk.clock(), visit.member.id
    member = staff.add(session, now, visit.form.get("name", ""), _telegram_id(visit), role, by)
    return staff.password_link(session, site.desk.keys, now, member.name, by)


def change(site: DeskSite, visit: Visit, session: Session) -> str:
    """Give somebody another role or Telegram id."""
    form, telegram_id = visit.form, _telegram_id(visit)
    staff.change(
        session, site.desk.clock(), form.get("name", ""), form.get("role", ""), telegram_id, by=visit.member.id
    )
    return ""


def disable(site: DeskSite, visit: Visit, session: Session) -> str:
    """End somebody's work here."""
    staff.disable(session, site.desk.clock(), visit.form.get("name", ""), visit.member.id)
    return ""


def link(site: DeskSite, visit: Visit, session: Session) -> str:
    """Return the token of a link by which somebody sets a new password."""
    now = site.desk.clock()
    return staff.password_link(session, site.desk.keys, now, visit.form.get("name", ""), visit.member.id)


def _done(site: DeskSite, visit: Visit, act: Act) -> Response:
    if visit.request.method != "POST":
        return back_to("/desk/staff")
    try:
        with site.desk.database.transaction() as session:
            token = act(site, visit, session)
    except StaffRefused as refused:
        said = site.text(f"refused_{refused.phrase}", **refused.fields)
        return show(site, visit, status=409, said=said, typed=visit.form)
    if not token:
        return back_to("/desk/staff")
    return show(site, visit, link=f"{site.address}/desk/password/{token}", typed={"for": visit.form.get("name", "")})


def _telegram_id(visit: Visit) -> int | None:
    given = visit.form.get("telegram_id", "").strip()
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= _LONGEST_ID and int(given) > 0):
        raise StaffRefused("staff_telegram_wrong")
    return int(given)
