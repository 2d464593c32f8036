"""Legible text: what people type, without the characters that break databases, terminals and screens."""

import re

# Controls but tab and line feed, halves of surrogate pairs, directional overrides, and what is no character at all.
_ILLEGIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\uffff\ud800-\udfff]"
)


def legible(text: str) -> str:
    """Return `text` without control characters, directional overrides and broken characters."""
    return _ILLEGIBLE.sub("", text)
