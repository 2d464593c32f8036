"""Pictures and files between staff and people: which can be passed on, and how they stand in what was said."""

import re
from typing import Final

from knowledge.library import Language

# What Telegram copies from one chat into another as it is; the rest (polls, games, stories, …) it does not.
PASSED_ON: Final = frozenset(
    {
        *("photo", "video", "animation", "document", "audio", "voice", "video_note"),
        *("sticker", "location", "venue", "contact"),
    }
)
_MARK = re.compile(r"\[([a-z_]+)\]")


def marked(kind: str, text: str) -> str:
    """Return `text` with the mark of what was sent with it, as the history and the transcript keep it."""
    return f"[{kind}] {text}".strip() if kind else text


def worded(language: Language, text: str) -> str:
    """Return a line of history or transcript with the mark at its beginning in words."""
    mark = _MARK.match(text)
    what = f"file_{mark[1]}" if mark else ""
    return f"[{language.phrase(what)}]{text[mark.end() :]}" if mark and what in language.phrases.texts else text
