"""What was asked for and where its letter goes (004), for the browser that asked; and asking once more."""

from dataclasses import dataclass

from starlette.responses import Response
from starlette.routing import Route

from bot.pages import verifying
from bot.pages.door import Door, Mistakes, back_to, status_of, wait
from bot.pages.verifying import OTHERS, Shown
from bot.pages.visits import Unit, Visit, sealed, unsealed
from core import limits, recovery, registration
from core.addresses import masked, username_key
from core.references import reference
from core.refusals import BudgetSpent, ProofRefused

# What sending again asks for: a registration that waits has an activation mail to send.
AGAIN = {registration.REGISTER: recovery.RESEND_ACTIVATION}


@dataclass(frozen=True, slots=True)
class Sent:
    """What this browser asked for last; `shown` is the address masked, or nothing where a username was typed."""

    kind: str
    shown: str
    identifier: str
    reference: str

    @property
    def again(self) -> str:
        """What is asked for when it is asked for once more."""
        return AGAIN.get(self.kind, self.kind)


def routes(door: Door) -> list[Route]:
    """Return the route /account/sent."""
    return [Route("/account/sent", door.visited(lambda visit: show(door, visit)), methods=["GET", "POST"])]


def note(unit: Unit, kind: str, identifier: str, request: int) -> None:
    """Keep for this browser what it asked for: what was typed is sealed (S2)."""
    keys = unit.context.keys
    unit.held.state["sent"] = {
        "kind": kind,
        "shown": masked(identifier) if "@" in identifier else "",
        "identifier": sealed(unit, identifier),
        "reference": reference(keys, "request", request),
    }


def noted(unit: Unit) -> Sent | None:
    """Return what this browser asked for last."""
    kept = unit.held.state.get("sent")
    if kept is None:
        return None
    identifier = unsealed(unit, kept["identifier"])
    return Sent(kept["kind"], kept["shown"], identifier, kept["reference"]) if identifier else None


def is_for(unit: Unit, key: str) -> bool:
    """Return whether what this browser asked for last was about this address or username."""
    last = noted(unit)
    return last is not None and username_key(last.identifier) == key


def show(door: Door, visit: Visit) -> Response:
    """Say what was sent and what to do when it does not come; or ask for it once more, verified anew."""
    with visit.unit() as unit:
        last = noted(unit)
    if last is None:
        return back_to("/account/recover")
    if not visit.is_post:
        return _page(door, visit, last, {}, 200)
    found = door.found(visit, ("characters",))
    if found:
        return _page(door, visit, last, found, status_of(visit))
    other = OTHERS.get(visit.posted.text("other"))
    if other is not None:
        with visit.unit() as unit:
            block = verifying.issued(visit, unit, last.again, other, last.identifier if other == "code" else "")
        return _page(door, visit, last, {}, 200, block)
    with visit.unit() as unit:
        proof = verifying.proof(visit, unit, last.again, last.identifier)
    if proof is None:
        return _page(door, visit, last, verifying.mistakes(door, visit, last.again), 422)
    try:
        with visit.unit() as unit:
            limits.spend(unit.context.session, door.site.keys, limits.NETWORK_REQUESTS, visit.network, unit.context.now)
            note(unit, last.again, last.identifier, recovery.request(unit.context, last.again, last.identifier, proof))
    except ProofRefused:
        return _page(door, visit, last, {"characters": [door.site.text("characters_used")]}, 409)
    except BudgetSpent as spent:
        return wait(_page(door, visit, last, {"": [door.told(spent)]}, 429), spent)
    return back_to("/account/sent")


def _page(
    door: Door, visit: Visit, last: Sent, mistakes: Mistakes, status: int, block: Shown | None = None
) -> Response:
    with visit.unit() as unit:
        shown = block or verifying.shown(visit, unit, last.again)
    return door.page(
        visit,
        "account/sent.html",
        status=status,
        mistakes=mistakes,
        sent=last,
        verification=shown,
        is_asked=bool(block),
    )
