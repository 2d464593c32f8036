"""A resolved ticket teaches: staff mark a sentence and the answer that helped, and the desk proposes an edit.

Nothing here writes to the knowledge: the edit is shown, measured and handed out, and an editor decides.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response
from starlette.routing import Route

from bot.desk.lesson_page import TICKET, proposal, told
from bot.desk.personal import Personal, personal, without
from bot.desk.site import DeskSite, Visit, back_to, number_in
from bot.dialogue.legible import legible
from bot.dialogue.takeover import TO_STAFF
from core import lessons, staff, ticket_history
from core.lessons import Lesson, Names, NewEntry
from core.refusals import TicketRefused
from core.roles import Duty
from core.tables import Ticket
from core.ticket_history import Happened, Kind
from core.tickets import RESOLVED, id_of
from knowledge.editing.proposing import (
    new_id,
)
from knowledge.text import normalise

LONGEST_PHRASING, LONGEST_QUESTION, LONGEST_ANSWER = 300, 150, 2000
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Helped:
    """What may have helped: the person's sentences, and what staff replied."""

    ticket: Ticket
    sentences: Sequence[str]
    replies: Sequence[Happened]
    names: Names


def routes(site: DeskSite) -> list[Route]:
    """Return the route /desk/tickets/<number>/teach."""
    return [Route(f"{TICKET}/teach", site.visited(told(site, teach)), methods=["GET", "POST"])]


def teach(site: DeskSite, visit: Visit) -> Response:
    """Return the form to mark what was asked and what helped, then the one that says what is to be learnt."""
    helped = _helped(site, visit)
    if visit.request.method == "POST":
        return _taught(site, visit, helped)
    asked = visit.request.query_params
    sentence, answer = asked.get("asked", ""), asked.get("helped", "")
    place = number_in(sentence)
    if place is None or place >= len(helped.sentences) or not _is_offered(site, helped, answer):
        return _marking(site, visit, helped, said=site.text("teach_mark_both") if asked else "")
    text = helped.sentences[place]
    reply = _reply(helped, answer)
    return _writing(
        site,
        visit,
        helped,
        answer,
        phrasing=_without(site, helped, text),
        answer_text=_without_greeting(site, helped, reply.text) if reply else "",
        is_masked=bool(_personal(site, helped, text)) or bool(reply and _personal(site, helped, reply.text)),
    )


def _taught(site: DeskSite, visit: Visit, helped: Helped) -> Response:
    """Keep the lesson that was written, or show the form again with what speaks against it."""
    form = visit.form
    answer = form.get("helped", "")
    if not _is_offered(site, helped, answer):
        return _marking(site, visit, helped, said=site.text("teach_mark_both"))
    library, now = site.desk.library(), site.desk.clock()
    language = library.language(helped.ticket.language)
    phrasing = " ".join(legible(form.get("phrasing", "")).split())
    entry, new = answer.removeprefix("entry:"), None
    if _reply(helped, answer):
        question = " ".join(legible(form.get("question", "")).split())
        new = NewEntry(question, legible(form.get("answer", "")).strip(), form.get("source", ""))
        entry = new_id(language, question)
    lesson = Lesson(phrasing, entry, language.code, new)
    said = _refused(site, helped, lesson)
    if not said:
        _, problems = proposal(lesson, library, now)
        said = [site.text("teach_not_possible", problem=each) for each in problems]
    if said:
        return _writing(
            site,
            visit,
            helped,
            answer,
            said=said,
            phrasing=phrasing,
            question=new.question if new else "",
            answer_text=new.answer if new else "",
            source=new.source if new else "",
        )
    with site.desk.work(visit.member) as desk:
        line = lessons.teach(desk, helped.ticket.id, lesson)
    sees_it = staff.may(visit.member, Duty.EDIT_KNOWLEDGE)
    return back_to(f"/desk/tickets/{visit.number}" + (f"/lessons/{line}" if sees_it else ""))


def _refused(site: DeskSite, helped: Helped, lesson: Lesson) -> list[str]:
    """Return why a lesson cannot be kept, a sentence each: something is missing, too long, or personal."""
    parts = {"phrasing": (lesson.phrasing, LONGEST_PHRASING)}
    if lesson.new:
        parts |= {
            "question": (lesson.new.question, LONGEST_QUESTION),
            "answer": (lesson.new.answer, LONGEST_ANSWER),
        }
    said = []
    for part, (text, longest) in parts.items():
        where = site.text(f"teach_part_{part}")
        if not normalise(text):
            said.append(site.text("teach_empty", where=where))
        if len(text) > longest:
            said.append(site.text("teach_too_long", where=where, longest=longest))
        for kind in dict.fromkeys(each.kind for each in _personal(site, helped, text, part)):
            said.append(site.text(f"teach_has_{kind}", where=where))
    return said


def _personal(site: DeskSite, helped: Helped, text: str, part: str = "phrasing") -> list[Personal]:
    """Return what is personal; an answer may have addresses, links and numbers of offices, and no names of people."""
    found = personal(text, helped.names, site.language.words["innocent"])
    return [each for each in found if part != "answer" or each.kind in {"name", "secret", "removed"}]


def _without(site: DeskSite, helped: Helped, text: str) -> str:
    return without(text, _personal(site, helped, text))


def _without_greeting(site: DeskSite, helped: Helped, text: str) -> str:
    """Return a reply without the lines of a greeting or of a name: those with a name that are short."""
    return "\n".join(
        line for line in text.splitlines() if len(line.split()) > 4 or not _personal(site, helped, line, "answer")
    ).strip()


def _helped(site: DeskSite, visit: Visit) -> Helped:
    """Return what the ticket has to teach; TicketRefused where it is not resolved, or is none."""
    with site.desk.database.reading() as session:
        ticket = session.get(Ticket, id_of(visit.number))
        if ticket is None:
            raise TicketRefused("ticket_unknown")
        if ticket.state != RESOLVED:
            raise TicketRefused("teach_unresolved")
        said = lessons.lines_of_person(session, ticket, TO_STAFF)
        replies = [each for each in ticket_history.history(session, ticket.id) if each.kind == Kind.REPLY]
        names = lessons.names(session, ticket.id)
    sentences = [each.strip() for line in said if not line.startswith("[") for each in _SENTENCE_END.split(line)]
    return Helped(ticket, [each for each in dict.fromkeys(sentences) if normalise(each)], replies, names)


def _is_offered(site: DeskSite, helped: Helped, answer: str) -> bool:
    entry = site.desk.library().language(helped.ticket.language).entries.get(answer.removeprefix("entry:"))
    return _reply(helped, answer) is not None or (entry is not None and entry.kind == "faq")


def _reply(helped: Helped, answer: str) -> Happened | None:
    """Return the reply that is named as the answer that helped, if one is."""
    return next((each for each in helped.replies if answer == f"reply:{each.id}"), None)


def _marking(site: DeskSite, visit: Visit, helped: Helped, said: str) -> Response:
    """Return the form to mark a sentence and the answer."""
    language = site.desk.library().language(helped.ticket.language)
    likeliest = next((entry for entry, _ in language.matcher.rank(helped.ticket.happened)), "")
    subject = helped.ticket.subject
    return site.page(
        "teach.html",
        visit.signed_in,
        status=422 if said else 200,
        number=visit.number,
        sentences=helped.sentences,
        replies=helped.replies,
        entries=[entry for entry in language.entries.values() if entry.kind == "faq"],
        chosen=subject if subject in language.entries else likeliest,
        said=said,
    )


def _writing(
    site: DeskSite,
    visit: Visit,
    helped: Helped,
    answer: str,
    *,
    said: Sequence[str] = (),
    is_masked: bool = False,
    **typed: str,
) -> Response:
    """Return the form in which the lesson is written, with what was typed."""
    library = site.desk.library()
    return site.page(
        "teach_write.html",
        visit.signed_in,
        status=422 if said else 200,
        number=visit.number,
        helped=answer,
        entry=library.language(helped.ticket.language).entries.get(answer.removeprefix("entry:")),
        sources=library.sources,
        said=said,
        is_masked=is_masked,
        typed={"phrasing": "", "question": "", "answer_text": "", "source": "", **typed},
    )
