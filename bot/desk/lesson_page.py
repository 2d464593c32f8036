"""A lesson's page: the edit that it comes to, how questions would fare with it, and putting it away."""

from collections.abc import Callable
from datetime import datetime

from starlette.responses import Response
from starlette.routing import Route

from bot.desk.site import DeskSite, Visit, back_to
from core import lessons
from core.business_days import CALIFORNIA
from core.lessons import Lesson
from core.refusals import TicketRefused
from core.roles import Duty
from core.tickets import id_of
from knowledge.editing.proposing import NotProposed, Proposal, Written, entry_added, phrasing_added
from knowledge.editing.proving import Proof, proof
from knowledge.library import Library
from knowledge.text import normalise

TICKET = "/desk/tickets/{number:int}"


def routes(site: DeskSite) -> list[Route]:
    """Return the routes of /desk/tickets/<number>/lessons."""
    lesson = f"{TICKET}/lessons/{{lesson:int}}"
    return [
        Route(lesson, site.visited(told(site, show), Duty.EDIT_KNOWLEDGE)),
        Route(f"{lesson}.diff", site.visited(told(site, download), Duty.EDIT_KNOWLEDGE)),
        Route(f"{lesson}/put-away", site.visited(told(site, put_away), Duty.EDIT_KNOWLEDGE), methods=["GET", "POST"]),
    ]


def told(site: DeskSite, act: Callable[[DeskSite, Visit], Response]) -> Callable[[Visit], Response]:
    """Return the handler of a page that says why nothing was done where `act` is refused."""

    def handler(visit: Visit) -> Response:
        try:
            return act(site, visit)
        except TicketRefused as refused:
            status = 404 if refused.phrase in {"ticket_unknown", "lesson_unknown"} else 409
            return site.refused(visit.signed_in, refused, status=status)

    return handler


def show(site: DeskSite, visit: Visit) -> Response:
    """Return a lesson's page: the edit as it would be made now, and how questions would fare with it."""
    lesson = _lesson(site, visit)
    library = site.desk.library()
    edit, problems = proposal(lesson, library, site.desk.clock())
    found: Proof | None = None
    if edit:
        key = (library.language(lesson.language), edit.before)
        found = site.bench.newest(
            ("lesson", lesson.id), key, lambda: proof(library.language(lesson.language), edit, lesson.phrasing)
        )
    return site.page(
        "lesson.html",
        visit.signed_in,
        number=visit.number,
        lesson=lesson,
        proposal=edit,
        problems=problems,
        proof=found,
        is_learnt=is_learnt(lesson, library),
        entries=library.language(lesson.language).entries,
        above=library.folder.name,
    )


def download(site: DeskSite, visit: Visit) -> Response:
    """Return a lesson's edit as a file."""
    lesson = _lesson(site, visit)
    edit, problems = proposal(lesson, site.desk.library(), site.desk.clock())
    if edit is None:
        raise TicketRefused("no_proposal", problems="\n".join(problems))
    name = f"ticket-{visit.number}-{lesson.id}.diff"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(edit.diff(), media_type="text/x-diff; charset=utf-8", headers=headers)


def put_away(site: DeskSite, visit: Visit) -> Response:
    """Put the lesson away, whether or not the knowledge has it: editors have decided on it."""
    if visit.request.method == "POST":
        with site.desk.work(visit.member) as desk:
            lessons.put_away(desk, id_of(visit.number), _number(visit))
    return back_to(f"/desk/tickets/{visit.number}/lessons/{_number(visit)}")


def is_learnt(lesson: Lesson, library: Library) -> bool:
    """Return whether the knowledge has the lesson's phrasing by now."""
    entry = library.language(lesson.language).entries.get(lesson.entry)
    return entry is not None and normalise(lesson.phrasing) in map(normalise, entry.phrasings)


def proposal(lesson: Lesson, library: Library, now: datetime) -> tuple[Proposal | None, list[str]]:
    """Return the edit that a lesson comes to, or what speaks against it."""
    try:
        if lesson.new is None:
            return phrasing_added(library, lesson.language, lesson.entry, lesson.phrasing), []
        new, today = lesson.new, now.astimezone(CALIFORNIA).date()
        written = Written(lesson.entry, new.question, (lesson.phrasing,), new.answer, (new.source,), today)
        return entry_added(library, lesson.language, written), []
    except NotProposed as error:
        return None, [f"{each.what}; {each.mend}" for each in error.problems]


def _lesson(site: DeskSite, visit: Visit) -> Lesson:
    with site.desk.database.reading() as session:
        found = lessons.lesson(session, id_of(visit.number), _number(visit))
    if found is None:
        raise TicketRefused("lesson_unknown")
    return found


def _number(visit: Visit) -> int:
    """Return the id in the address, 0 where no lesson can have it."""
    line = int(visit.request.path_params["lesson"])
    return line if line < 2**31 else 0
