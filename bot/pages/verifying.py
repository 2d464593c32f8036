"""Verification characters on the pages (002, 004): a picture, a sound, or a mailed code; shown, drawn and answered."""

from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from bot.pages.door import Door, Mistakes
from bot.pages.visits import Unit, Visit
from core import limits, recovery, registration, verification
from core.refusals import BudgetSpent
from core.verification import Kind, Proof

SIGN_IN: Final = "sign_in"
PURPOSES: Final = frozenset(
    {registration.REGISTER, recovery.RECOVER_USERNAME, recovery.RESET_PASSWORD, recovery.RESEND_ACTIVATION, SIGN_IN}
)
# What a button asks for instead of what is shown; `code` needs an address or a username to be mailed to.
OTHERS: Final[dict[str, Kind]] = {"fresh": "characters", "spoken": "spoken", "code": "code", "characters": "characters"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What the block of a form shows: a challenge, or that it was passed, or for how long there is none."""

    purpose: str
    challenge: int = 0  # its row
    kind: Kind = "characters"
    is_passed: bool = False
    minutes: object = 0
    reference: str = ""


def shown(visit: Visit, unit: Unit, purpose: str) -> Shown:
    """Return what a form shows: what stands already, else a new picture, counted by network and browser."""
    standing = verification.standing(unit.context, purpose)
    if standing is not None:
        return Shown(purpose, verification.row_of(standing.challenge), standing.kind, standing.is_passed)
    return issued(visit, unit, purpose, "characters", "")


def issued(visit: Visit, unit: Unit, purpose: str, kind: Kind, identifier: str) -> Shown:
    """Return a new challenge in the place of the one that stands; a code is mailed to `identifier`."""
    context = unit.context
    try:
        limits.spend(context.session, context.keys, limits.NETWORK_CHALLENGES, visit.network, context.now)
        challenge = verification.issue(context, kind, purpose, identifier)
    except BudgetSpent as spent:
        return Shown(purpose, minutes=spent.fields["minutes"])
    return Shown(purpose, verification.row_of(challenge), kind)


def proof(visit: Visit, unit: Unit, purpose: str, identifier: str) -> Proof | None:
    """Return the proof for one action on `identifier`, when what was typed is right or was before; counted first."""
    context = unit.context
    standing = verification.standing(context, purpose)
    if standing is None:
        return None
    is_right = standing.is_passed
    if not is_right and visit.posted.text("characters"):
        is_right = verification.answer(context, standing.challenge, visit.posted.text("characters")[:40])
    if is_right and identifier:
        verification.bind(context, standing.challenge, purpose, identifier)
    return Proof(standing.challenge, standing.kind, purpose) if is_right else None


def mistakes(door: Door, visit: Visit, purpose: str) -> Mistakes:
    """Return the sentence beside the field of a form whose characters were not right, or its mailed code."""
    with visit.unit() as unit:
        standing = verification.standing(unit.context, purpose)
    kind = "code" if standing is not None and standing.kind == "code" else "characters"
    return {"characters": [door.site.text(f"{kind}_{'wrong' if visit.posted.text('characters') else 'missing'}")]}


def routes(door: Door) -> list[Route]:
    """Return the routes of the picture and of the sound, for the browser whose challenge it is."""

    def drawn(visit: Visit) -> Response:
        number = visit.request.query_params.get("challenge", "")
        if not (number.isascii() and number.isdigit() and len(number) <= 9):
            raise HTTPException(404)
        with visit.unit() as unit:
            found = verification.to_draw(unit.context, int(number))
        kind = "characters" if visit.request.url.path.endswith(".png") else "spoken"
        if found is None or found[0] != kind:
            raise HTTPException(404)
        if kind == "characters":
            return Response(door.picture(found[1]), media_type="image/png")
        return Response(door.sound(found[1]), media_type="audio/wav")

    return [
        Route("/account/verification.png", door.visited(drawn)),
        Route("/account/verification.wav", door.visited(drawn)),
    ]
