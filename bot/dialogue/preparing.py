"""What is found out about a message before its turn, because it takes time and needs no database."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bot.dialogue.legible import legible
from bot.dialogue.messages import Incoming
from bot.dialogue.questions import ADDRESS
from bot.dialogue.redaction import REMOVED, Heard, heard
from core import rules
from knowledge.library import Language, Library

if TYPE_CHECKING:
    from knowledge.matcher import Match


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message as it was heard; `match` says what of this library answers it, `language` is the channel's guess."""

    incoming: Incoming
    library: Library
    language: Language
    said: Heard
    match: "Callable[[], Match]"


def prepare(incoming: Incoming, library: Library) -> Prepared:
    """Redact a message and match it, unless it is plainly no question: a command, or an e-mail address."""
    language = library.language(incoming.language.partition("-")[0])
    said = heard(legible(incoming.text[: rules.MESSAGE_CHARACTERS]), language.words["innocent"])
    match = cache(lambda: language.matcher.match(said.clean.replace(REMOVED, " ")))
    if said.clean and not said.clean.startswith("/") and not ADDRESS.fullmatch(said.clean):
        match()
    return Prepared(incoming, library, language, said, match)
