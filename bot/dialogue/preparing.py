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
    """A message as it was heard; `match` says what of a language's knowledge answers it.

    `written` is the language that the message itself is surely in, None where it tells none; `language` is that, or
    else the channel's guess: a new conversation begins in it.
    """

    incoming: Incoming
    library: Library
    written: Language | None
    language: Language
    said: Heard
    match: "Callable[[Language], Match]"


def prepare(incoming: Incoming, library: Library) -> Prepared:
    """Redact a message and match it, unless it is plainly no question: a command, or an e-mail address."""
    said = heard(legible(incoming.text[: rules.MESSAGE_CHARACTERS]), library.innocent)
    asked = said.clean.replace(REMOVED, " ")
    is_question = bool(said.clean) and not said.clean.startswith("/") and not ADDRESS.fullmatch(said.clean)
    written = library.languages.get(library.ear.language_of(asked)) if is_question else None
    language = written or library.language(incoming.language.partition("-")[0])
    match = cache(lambda spoken: spoken.matcher.match(asked))
    if is_question:
        match(language)
    return Prepared(incoming, library, written, language, said, match)
