"""E-mail addresses and usernames: the form that is compared, the one that is mailed, the one that is shown."""

import unicodedata
from dataclasses import dataclass

from email_validator import validate_email

STARS = "****"
# RFC 5321 allows 254 characters; whatever is far longer is not looked at.
_LONGEST = 320
_INVISIBLE = frozenset({"Cf"})
# NUL and lone surrogates among them, which databases cannot look for.
_CONTROL = frozenset({"Cc", "Cs"})


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address that is one: `key` is compared, `mailable` is written to (as it was typed, tidied)."""

    key: str
    mailable: str


def read(email: str) -> Address:
    """Return the address that was typed; ValueError says in a sentence what is wrong with it.

    Letter case, full-width letters, invisible characters and spaces around it make no difference to the key. Domains
    are in their ASCII form, and names before the @ are ASCII: mail servers without SMTPUTF8 take no others.
    """
    if len(email) > _LONGEST:
        raise ValueError("An e-mail address has at most 254 characters.")
    tidied = _without(_INVISIBLE, email).strip()
    valid = validate_email(tidied, check_deliverability=False, allow_smtputf8=False, strict=True)
    mailable = f"{valid.local_part}@{valid.ascii_domain}"
    return Address(_folded(mailable), mailable)


def canonical(email: str) -> str:
    """Return the form by which mailboxes are compared, one for all ways of typing an address. ValueError as `read`."""
    return read(email).key


def username_key(username: str) -> str:
    """Return the form of `username` by which accounts are told apart: case makes no difference (002, ruling on 004)."""
    return _folded(_without(_INVISIBLE | _CONTROL, username).strip())


def masked(email: str) -> str:
    """Return `email` as a chat may show it (004: `an****se@gmail.com`).

    Always four stars, so that the length stays unknown; of a name under five letters only the first is shown.
    """
    name, _, domain = email.strip().rpartition("@")
    shown = f"{name[:2]}{STARS}{name[-2:]}" if len(name) >= 5 else f"{name[:1]}{STARS}"
    return f"{shown}@{domain}"


def _without(categories: frozenset[str], text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKC", text) if unicodedata.category(each) not in categories)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
