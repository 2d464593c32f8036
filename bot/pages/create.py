"""Creating an account (002): the form with all its fields, and what a script asks while somebody types."""

from collections.abc import Collection

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.pages import sent, verifying
from bot.pages.door import Door, Mistakes, back_to, status_of, wait
from bot.pages.verifying import OTHERS, Shown
from bot.pages.visits import Visit
from core import accounts, addresses, limits, passwords, registration, rules
from core.addresses import username_key
from core.refusals import AccountRefused, BudgetSpent, ProofRefused
from core.registration import REGISTER, Registration

NAMES = ("username", "first_name", "last_name", "email", "email_again")
# In the order of the page, in which mistakes are listed.
FIELDS = (*NAMES, "password", "password_again", "phrase", "characters", "agree")
PLAIN = (*NAMES, "phrase", "agree")


def routes(door: Door) -> list[Route]:
    """Return the route /account/create, and those of what is checked while somebody types."""
    return [
        Route("/account/create", door.visited(lambda visit: create(door, visit)), methods=["GET", "POST"]),
        Route("/account/check/username", door.visited(lambda visit: check_username(door, visit)), methods=["POST"]),
        Route("/account/check/password", door.visited(lambda visit: check_password(door, visit)), methods=["POST"]),
    ]


def create(door: Door, visit: Visit) -> Response:
    """Show the form; or queue the registration, and say where its letter goes."""
    if not visit.is_post:
        return _form(door, visit, {}, 200)
    found = door.found(visit, FIELDS)
    if "" in found:
        return _form(door, visit, found, status_of(visit))
    other = OTHERS.get(visit.posted.text("other"))
    if other is not None:
        return _other(door, visit, found)
    try:
        for name, sentences in _mistakes(door, visit).items():
            found.setdefault(name, sentences)
    except BudgetSpent as spent:
        return wait(_form(door, visit, {"": [door.told(spent)]}, 429), spent)
    identifier = _identifier(visit)
    with visit.unit() as unit:
        proof = verifying.proof(visit, unit, REGISTER, identifier)
    if proof is None:
        found |= verifying.mistakes(door, visit, REGISTER)
    if found or proof is None:
        return _form(door, visit, found, 422)
    asked = Registration(
        username=visit.posted.text("username"),
        first_name=visit.posted.text("first_name"),
        last_name=visit.posted.text("last_name"),
        email=addresses.read(visit.posted.text("email")).mailable,
        password_hash=passwords.hashed(visit.posted.secret("password")),
        protection_phrase=visit.posted.text("phrase"),
    )
    try:
        with visit.unit() as unit:
            limits.spend(unit.context.session, door.site.keys, limits.NETWORK_REQUESTS, visit.network, unit.context.now)
            sent.note(unit, REGISTER, identifier, registration.ask(unit.context, identifier, asked, proof))
    except ProofRefused:
        return _form(door, visit, {"characters": [door.site.text("characters_used")]}, 409)
    except BudgetSpent as spent:
        return wait(_form(door, visit, {"": [door.told(spent)]}, 429), spent)
    return back_to("/account/sent")


def check_username(door: Door, visit: Visit) -> Response:
    """Answer a script: what is wrong with a username so far, or that it is free (002: people are alerted)."""
    username = visit.posted.text("username")
    try:
        refusals = _username_refusals(door, visit, username)
    except BudgetSpent as spent:
        return wait(JSONResponse({}, 429), spent)
    said = [door.told(each) for each in refusals]
    return JSONResponse({"mistakes": said, "said": "" if said else door.site.text("username_free", username=username)})


def check_password(door: Door, visit: Visit) -> Response:
    """Answer a script: how hard the password is to guess. It is neither kept nor logged."""
    about = (visit.posted.text("username"), visit.posted.text("email"))
    guesses = passwords.guesses(visit.posted.secret("password"), *about)
    strength = "weak" if guesses < rules.PASSWORD_FEWEST_GUESSES else "fair" if guesses < 10**10 else "strong"
    return JSONResponse({"strength": strength, "said": door.site.text(f"strength_{strength}")})


def password_mistakes(door: Door, visit: Visit, username: str, email: str, phrase: str) -> Mistakes:
    """Return what is wrong with a new password that was typed twice, by field."""
    typed = visit.posted.secret("password")
    if not typed:
        return {"password": [door.site.text("reset_password_missing")]}
    broken = passwords.broken_rules(typed, username=username, email=email, phrase=phrase)
    if broken:
        return {"password": [door.site.text(f"reset_{each.phrase}", **each.fields) for each in broken]}
    if typed != visit.posted.secret("password_again"):
        return {"password_again": [door.site.text("reset_password_confirmation")]}
    return {}


def email_mistakes(door: Door, visit: Visit) -> Mistakes:
    """Return what is wrong with an address that was typed twice, by field."""
    typed = visit.posted.text("email")
    if not typed:
        return {"email": [door.site.text("no_email_missing")]}
    if accounts.email_refusals(typed):
        return {"email": [door.site.text("no_email_wrong")]}
    try:
        is_same = addresses.canonical(visit.posted.text("email_again")) == addresses.canonical(typed)
    except ValueError:
        is_same = False
    return {} if is_same else {"email_again": [door.site.text("no_email_again")]}


def _mistakes(door: Door, visit: Visit) -> Mistakes:
    posted = visit.posted
    found: Mistakes = {}
    refusals = _username_refusals(door, visit, posted.text("username"))
    if refusals:
        found["username"] = [door.told(each) for each in refusals]
    for name, of_name in _name_mistakes(door, visit).items():
        found[name] = of_name
    found |= email_mistakes(door, visit)
    found |= password_mistakes(door, visit, posted.text("username"), posted.text("email"), posted.text("phrase"))
    if not posted.text("phrase"):
        found["phrase"] = [door.site.text("no_protection_phrase_missing")]
    if posted.text("agree") != "yes":
        found["agree"] = [door.site.text("no_agreement")]
    return found


def _name_mistakes(door: Door, visit: Visit) -> Mistakes:
    return name_mistakes(
        door, visit.posted.text("first_name"), visit.posted.text("last_name"), visit.posted.text("phrase")
    )


def name_mistakes(door: Door, first_name: str, last_name: str, phrase: str, kept: Collection[str] = ()) -> Mistakes:
    """Return what is wrong with names and a protection phrase, by field; `kept` are names that the account has."""
    found: Mistakes = {}
    for field, name in (("first_name", first_name), ("last_name", last_name)):
        if name not in kept and accounts.is_linked(name):
            found[field] = [door.site.text("no_name_linked")]
    for refusal in accounts.name_refusals(first_name, last_name, phrase):
        name = refusal.phrase.rpartition("_")[0].removesuffix("_too").replace("protection_phrase", "phrase")
        found.setdefault(name, []).append(door.told(refusal))
    return found


def _username_refusals(door: Door, visit: Visit, username: str) -> list[AccountRefused]:
    """Return what is wrong with a username; whether it is taken is told only so often to a network (S1)."""
    refusals = accounts.username_refusals(username)
    if refusals:
        return refusals
    now = door.site.clock()
    with door.site.database.transaction() as session:
        limits.spend(session, door.site.keys, limits.NETWORK_USERNAMES, visit.network, now)
        is_taken = accounts.is_taken(session, username, now)
    return [AccountRefused("username_taken", username=username)] if is_taken else []


def _other(door: Door, visit: Visit, found: Mistakes) -> Response:
    """Show another picture, a sound, or mail a code; what was typed is kept, but for secrets."""
    kind, identifier = OTHERS[visit.posted.text("other")], ""
    if kind == "code":
        identifier = _identifier(visit)
        if not identifier:
            return _form(door, visit, {"email": [door.site.text("code_needs_email")]}, 422)
    with visit.unit() as unit:
        block = verifying.issued(visit, unit, REGISTER, kind, identifier)
    return _form(door, visit, found, 200, block)


def _identifier(visit: Visit) -> str:
    """Return the address as a registration is bound to it; nothing where what was typed is none."""
    try:
        return addresses.read(visit.posted.text("email")).mailable
    except ValueError:
        return ""


def _form(door: Door, visit: Visit, mistakes: Mistakes, status: int, block: Shown | None = None) -> Response:
    typed = {name: visit.posted.text(name) for name in PLAIN}
    with visit.unit() as unit:
        shown = block or verifying.shown(visit, unit, REGISTER)
        is_sent = sent.is_for(unit, username_key(typed["email"]))
    return door.page(
        visit,
        "account/create.html",
        status=status,
        mistakes={name: mistakes[name] for name in ("", *FIELDS) if name in mistakes},
        typed=typed,
        verification=shown,
        is_sent=is_sent and bool(mistakes),
    )
