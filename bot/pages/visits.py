"""Visits to the account pages: who sends a form, whether it is ours, what was typed, what is wrong with it already."""

import secrets
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Literal

from cryptography.fernet import InvalidToken
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from bot.pages.site import Site, network_of
from core import conversations, sessions
from core.account_sessions import SignedIn
from core.context import Context
from core.conversations import Held
from core.office_days import STATE_OFFICES

VISITOR_COOKIE = "visitor"
FIELDS = 40
# Neither is shown to anybody else, but no database takes them all, and no field means them.
_UNREADABLE = frozenset({"Cc", "Cs", "Co", "Cn"})
REPLACED = "\ufffd"  # what a form's bytes become that are no UTF-8

Wrong = Literal["", "forged", "too_large", "unreadable"]
STATUS: Mapping[Wrong, int] = {"forged": 403, "too_large": 413, "unreadable": 400}


@dataclass(frozen=True, slots=True)
class Posted:
    """A form as it came: `twice` and `unreadable` are fields, `wrong` says what keeps the form from being read."""

    values: Mapping[str, str] = field(default_factory=dict)
    twice: frozenset[str] = frozenset()
    unreadable: frozenset[str] = frozenset()
    wrong: Wrong = ""

    def text(self, name: str) -> str:
        """Return what was typed into a field, without white space around it."""
        return self.values.get(name, "").strip()

    def secret(self, name: str) -> str:
        """Return what was typed into a field, as it was typed."""
        return self.values.get(name, "")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody; `visitor` is the browser's own random token, by which its forms are known."""

    site: Site
    request: Request
    visitor: str
    posted: Posted
    signed_in: SignedIn | None = None

    @property
    def is_post(self) -> bool:
        """Whether a form was sent."""
        return self.request.method == "POST"

    @property
    def csrf(self) -> str:
        """What every form of this browser carries."""
        return self.forms[0]

    @property
    def forms(self) -> tuple[str, ...]:
        """What its forms may carry: also what those that were opened under a retired key do."""
        return tuple(each.hidden("page form", self.visitor) for each in self.site.keys.live)

    @property
    def network(self) -> str:
        """Whose budget is spent."""
        return network_of(self.request)

    @contextmanager
    def unit(self) -> Iterator["Unit"]:
        """Work on what this browser left here, in one transaction; nobody else has it meanwhile."""
        chat, now = sessions.hashed(f"visitor {self.visitor}"), self.site.clock()
        language = self.site.wording().code
        with self.site.database.transaction() as session:
            held = conversations.hold_all(session, conversations.VISITS, {chat: language}, now)[chat]
            held.language = language  # the letters' that are asked for here, even where another was chosen since
            # Nothing that these pages do is promised by business days.
            yield Unit(Context(session, now, self.site.keys, held.id, language, STATE_OFFICES), held)
            conversations.save_all(session, [(held, ())], now)


@dataclass(frozen=True, slots=True)
class Unit:
    """A transaction of a visit: the core's context, and what is kept for this browser."""

    context: Context
    held: Held


def sealed(unit: Unit, typed: str) -> str:
    """Return what was typed as it is kept for this browser: readable to us alone (S2)."""
    return b64encode(unit.context.keys.seal(typed.encode())).decode()


def unsealed(unit: Unit, kept: str) -> str:
    """Return what was typed; nothing where nothing is kept, or it was sealed with a key that is not known any more."""
    try:
        return unit.context.keys.unseal(b64decode(kept)).decode() if kept else ""
    except InvalidToken:
        return ""


def visitor_of(request: Request) -> tuple[str, bool]:
    """Return the browser's token, and whether it is a new one."""
    token = request.cookies.get(VISITOR_COOKIE, "")
    is_one = len(token) == 43 and token.isascii() and token.replace("-", "").replace("_", "").isalnum()
    return (token, False) if is_one else (secrets.token_urlsafe(32), True)


async def read_form(request: Request) -> Posted:
    """Return the form that was sent, whatever came as one."""
    try:
        async with request.form(max_files=0, max_fields=FIELDS) as form:
            return _posted(form)
    except HTTPException as error:
        return Posted(wrong="too_large" if error.status_code == 413 else "unreadable")


def is_ours(posted: Posted, forms: Sequence[str]) -> bool:
    """Return whether a page that we gave this browser sent the form."""
    given = posted.values.get("csrf", "").encode(errors="replace")
    return any(compare_digest(given, each.encode()) for each in forms)


def _posted(form: FormData) -> Posted:
    values: dict[str, str] = {}
    twice, unreadable = set(), set()
    for name, value in form.multi_items():
        if not isinstance(value, str):
            continue
        if name in values:
            twice.add(name)
            continue
        values[name] = "".join(each for each in value if unicodedata.category(each) not in _UNREADABLE)
        if values[name] != value or REPLACED in value:
            unreadable.add(name)
    return Posted(values, frozenset(twice), frozenset(unreadable))
