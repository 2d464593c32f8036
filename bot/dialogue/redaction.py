"""Redaction: passwords, reset links and codes are taken out of what people type before it is written (S2)."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from core.continuing import CODE as CONTINUATION

REMOVED = "[removed]"

# From where a word begins: tried at every letter of a very long word, it would take seconds.
_LINK = re.compile(r"(?<!\S)\S*(?:/(?:reset|activate)/\S+|cerslink\.calepa\.ca\.gov/\S*)", re.IGNORECASE)
# A label, how it is tied to what follows, and that: up to the end of the clause where it is stated, else one word.
_STATED = re.compile(
    r"\b(?P<label>pass\s?(?:word|code|phrase)s?|pass|passwort|pwd?|contrase[ñn]a|clave|protection phrase)"
    r"(?P<link>\s*(?::|=|->|=>)\s*|\s+(?:is|was|es|era)\s*(?::|=)?\s+)"
    r"(?P<value>\"[^\"\n]+\"|'[^'\n]+'|(?:(?![.,;!?](?:\s|$)|\s(?:and|but|or|so|does|is|it|y|pero|o|no)\s|\n).){1,80})",
    re.IGNORECASE,
)
_UNSTATED = re.compile(
    r"\b(?P<label>pass\s?(?:word|code|phrase)s?|passwort|pwd?|contrase[ñn]a|clave|protection phrase)"
    r"(?P<link>\s+(?:(?:to|as|a|con)\s+)?)(?P<value>\"[^\"\n]+\"|'[^'\n]+'|\S+)",
    re.IGNORECASE,
)
_USERNAME = re.compile(
    r"\b(?:username|user name|user id|login|usuario)\s*(?:is|was|es|era|:|=)?\s+(?P<name>[^\s,;]+)", re.IGNORECASE
)
_WORD = re.compile(r"\S+")
_ADDRESS = re.compile(r"\S+@\S+\.\S+|https?://\S+|www\.\S+", re.IGNORECASE)
_CODE = re.compile(r"(?<![\w-])\d{4}[\s-]?\d{4}(?![\w-])")
_SOCIAL_SECURITY = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")
_ARTICLES = frozenset({"a", "an", "the", "my", "la", "el", "mi", "una", "un"})


@dataclass(frozen=True, slots=True)
class Heard:
    """What a person typed: `text` as it came, `clean` without the secrets in it, `secret` whether to tell of one.

    A mailed code, and one to continue with, are taken out as well, without a word: they are meant to be typed here.
    """

    text: str
    clean: str
    secret: bool


def heard(text: str, innocent: Collection[str]) -> Heard:
    """Return `text` and its redacted form; `innocent` are words that follow "password" without being one ("wrong")."""
    named = {match["name"].strip("\"'.!?") for match in _USERNAME.finditer(text)}
    bare = CONTINUATION.sub(REMOVED, text)
    clean = _SOCIAL_SECURITY.sub(REMOVED, _LINK.sub(REMOVED, bare))
    clean = _STATED.sub(lambda match: _without(match, _is_told(match["value"], innocent)), clean)
    clean = _UNSTATED.sub(lambda match: _without(match, _is_no_word(match["value"])), clean)
    clean = _WORD.sub(lambda match: REMOVED if _is_shaped(match.group(), named) else match.group(), clean)
    secret = clean != bare
    return Heard(text, _CODE.sub(lambda match: match.group() if match.group() in named else REMOVED, clean), secret)


def _without(match: re.Match[str], is_secret: bool) -> str:
    return f"{match['label']}{match['link']}{REMOVED}" if is_secret else match.group()


def _is_told(value: str, innocent: Collection[str]) -> bool:
    """Return whether what a label is said to be is a secret: in quotes, or beginning with no innocent word."""
    words = [each.strip("\"'.,!?").casefold() for each in value.split()]
    first = next((each for each in words if each not in _ARTICLES), "")
    return value[:1] in {'"', "'"} or bool(first and first not in innocent)


def _is_no_word(value: str) -> bool:
    """Return whether what follows a label is hardly a word of the sentence: letters and digits in one, or quoted."""
    bare = value.strip("\"'.,!?")
    letters, digits = any(each.isalpha() for each in bare), any(each.isdigit() for each in bare)
    return len(bare) >= 4 and ((letters and digits) or value[:1] in {'"', "'"}) and bare != REMOVED.strip("[]")


def _is_shaped(word: str, named: Collection[str]) -> bool:
    """Return whether a word looks like a password: 8-64 characters, small letters, digits, and capitals or signs."""
    bare = word.strip("\"'.,!?()")
    capital = any(each.isupper() for each in bare) or any(each in "!#$%^&*+=?~" for each in bare)
    mixed = capital and any(each.islower() for each in bare) and any(each.isdigit() for each in bare)
    return 8 <= len(bare) <= 64 and mixed and bare not in named and not _ADDRESS.fullmatch(bare)
