"""Recovery (000, 003, 004): a forgotten username, a lost password, an activation mail that never came.

What was typed is never looked up here: the same request is queued for everybody, and the worker writes the letter (S1).
"""

from starlette.responses import Response
from starlette.routing import Route

from bot.dialogue.questions import Email, Identifier, NotAnAnswer
from bot.pages import sent, verifying
from bot.pages.door import Door, Mistakes, back_to, status_of, wait
from bot.pages.verifying import OTHERS, Shown
from bot.pages.visits import Visit
from core import limits, recovery
from core.refusals import BudgetSpent, ProofRefused

KINDS = {
    "username": recovery.RECOVER_USERNAME,
    "password": recovery.RESET_PASSWORD,
    "activation": recovery.RESEND_ACTIVATION,
}
FIELDS = ("identifier", "characters")


def routes(door: Door) -> list[Route]:
    """Return the routes under /account/recover."""

    def form(what: str) -> Route:
        handler = door.visited(lambda visit: recover(door, visit, what))
        return Route(f"/account/recover/{what}", handler, methods=["GET", "POST"])

    def choice(visit: Visit) -> Response:
        return door.page(visit, "account/recover.html")

    return [Route("/account/recover", door.visited(choice)), *map(form, KINDS)]


def recover(door: Door, visit: Visit, what: str) -> Response:
    """Show the form; or queue the request, and say where its letter goes."""
    kind = KINDS[what]
    if not visit.is_post:
        return _form(door, visit, what, {}, 200)
    found = door.found(visit, FIELDS)
    if "" in found:
        return _form(door, visit, what, found, status_of(visit))
    identifier = ""
    try:
        identifier = _read(visit, what)
    except NotAnAnswer as no:
        found.setdefault("identifier", []).append(door.site.text(f"no_{no.phrase}", **no.fields))
    other = OTHERS.get(visit.posted.text("other"))
    if other is not None:
        if other == "code" and found:
            return _form(door, visit, what, found, 422)
        with visit.unit() as unit:
            block = verifying.issued(visit, unit, kind, other, identifier if other == "code" else "")
        return _form(door, visit, what, {}, 200, block)
    with visit.unit() as unit:
        proof = verifying.proof(visit, unit, kind, identifier)
    if proof is None:
        found |= verifying.mistakes(door, visit, kind)
    if found or proof is None:
        return _form(door, visit, what, found, 422)
    try:
        with visit.unit() as unit:
            limits.spend(unit.context.session, door.site.keys, limits.NETWORK_REQUESTS, visit.network, unit.context.now)
            sent.note(unit, kind, identifier, recovery.request(unit.context, kind, identifier, proof))
    except ProofRefused:
        return _form(door, visit, what, {"characters": [door.site.text("characters_used")]}, 409)
    except BudgetSpent as spent:
        return wait(_form(door, visit, what, {"": [door.told(spent)]}, 429), spent)
    return back_to("/account/sent")


def _read(visit: Visit, what: str) -> str:
    """Return the address or username that was typed (004: a username needs the address, a password either)."""
    typed = visit.posted.text("identifier")
    if not typed:
        raise NotAnAnswer("email_missing" if what == "username" else "identifier_missing")
    return Email().read(typed) if what == "username" else Identifier().read(typed)


def _form(door: Door, visit: Visit, what: str, mistakes: Mistakes, status: int, block: Shown | None = None) -> Response:
    with visit.unit() as unit:
        shown = block or verifying.shown(visit, unit, KINDS[what])
    typed = visit.posted.text("identifier")
    return door.page(
        visit,
        "account/recover_one.html",
        status=status,
        mistakes=mistakes,
        what=what,
        typed=typed,
        verification=shown,
        is_sent=False,
    )
