"""Redaction: passwords, reset links and codes are taken out of what people type before it is written (S2)."""

import re
from collections.abc import Collection
from dataclasses import dataclass

REMOVED = "[removed]"

_LINK = re.compile(r"\S*(?:/(?:reset|activate)/\S+|cerslink\.calepa\.ca\.gov/\S*)", re.IGNORECASE)
_LABELLED = re.compile(
    r"\b(?P<label>pass\s?words?|pass\s?codes?|passwort|pwd?|contraseña|protection phrase)"
    r"(?P<link>\s*[:=]\s*|\s+(?:is|was|to|as)\s*:?\s+|\s+)(?P<value>(?:\"[^\"]+\"|'[^']+'|\S+))",
    re.IGNORECASE,
)
_WORD = re.compile(r"\S+")
_ADDRESS = re.compile(r"\S+@\S+\.\S+|https?://\S+|www\.\S+", re.IGNORECASE)
_CODE = re.compile(r"\s*(?:\d[\s-]?){8}\s*")


@dataclass(frozen=True, slots=True)
class Heard:
    """What a person typed: `text` as it came, `clean` without the secrets in it, `secret` whether there was one."""

    text: str
    clean: str
    secret: bool


def heard(text: str, innocent: Collection[str]) -> Heard:
    """Return `text` and its redacted form; `innocent` are words that follow "password" without being one ("wrong")."""
    clean = _LINK.sub(REMOVED, text)
    clean = _LABELLED.sub(lambda match: _without_value(match, innocent), clean)
    clean = _WORD.sub(lambda match: REMOVED if _shaped(match.group()) else match.group(), clean)
    if _CODE.fullmatch(clean):
        clean = REMOVED
        return Heard(text, clean, secret=False)
    return Heard(text, clean, secret=clean != text)


def _without_value(match: re.Match[str], innocent: Collection[str]) -> str:
    value, link = match["value"], match["link"]
    bare = value.strip("\"'.,!?")
    stated = bool(link.strip())
    if bare.casefold() in innocent or len(bare) < 4 or (not stated and not _mixed(bare)):
        return match.group()
    return f"{match['label']}{link}{REMOVED}"


def _shaped(word: str) -> bool:
    """Return whether a word looks like a password: 8-64 characters, upper, lower and digit or sign mixed (002)."""
    bare = word.strip("\"'.,!?()")
    return 8 <= len(bare) <= 64 and _mixed(bare) and not _ADDRESS.fullmatch(bare)


def _mixed(word: str) -> bool:
    upper, lower = any(each.isupper() for each in word), any(each.islower() for each in word)
    digit = any(each.isdigit() for each in word)
    sign = any(each in "!#$%^&*+=?~" for each in word)
    return lower and digit and (upper or sign)
