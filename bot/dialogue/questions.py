"""What a flow may ask for: each question knows its answer when it sees one, and says what one would look like."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.dialogue.redaction import REMOVED
from core import rules
from core.addresses import canonical
from core.verification import plain
from knowledge.places import Place

ADDRESS = re.compile(r"[^\s<>()\[\],;:\"]+@[^\s<>()\[\],;:\"@]+")
NAME = re.compile(r"[A-Za-z0-9]+")
TELEPHONE = re.compile(r"\+?[\d\s().\-/]{7,}(?:\s*(?:x|ext\.?)\s*\d{1,6})?", re.IGNORECASE)

SHORT_PLACE = 7  # words of an answer that says where and nothing else


class NotAnAnswer(Exception):
    """This is no answer to the question; `phrase` says what one would look like, `fields` fills it."""

    def __init__(self, phrase: str, **fields: object) -> None:
        super().__init__(phrase)
        self.phrase = phrase
        self.fields = fields


@dataclass(frozen=True)
class Question:
    """What every question has: options (ids, offered as buttons), and whether its answers are never kept."""

    options: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()  # what the options are called, where that is a name and no wording
    secret: bool = False

    def recognises(self, text: str) -> bool:
        """Return whether `text` can hardly be anything but an answer to this question."""
        return False

    def read(self, text: str) -> str:
        """Return the answer in `text`; NotAnAnswer says what is missing."""
        raise NotAnAnswer("choose_one")


@dataclass(frozen=True)
class Choice(Question):
    """One of the options, pressed, or typed as its number, label or a word for it."""


@dataclass(frozen=True)
class Email(Question):
    """One e-mail address, alone or in a sentence."""

    def recognises(self, text: str) -> bool:
        """Anything with an address in it."""
        return bool(ADDRESS.search(text))

    def read(self, text: str) -> str:
        """Return the address in its canonical form."""
        found = _addresses(text)
        if not found:
            raise NotAnAnswer("not_an_address")
        if len(found) > 1:
            raise NotAnAnswer("two_addresses")
        try:
            return canonical(found[0])
        except ValueError:
            raise NotAnAnswer("not_an_address") from None


@dataclass(frozen=True)
class Identifier(Question):
    """A username or an e-mail address (004 takes either to reset a password)."""

    lead_ins: tuple[str, ...] = ("my username is", "the username is", "username is", "username", "it is", "it's", "its")

    def recognises(self, text: str) -> bool:
        """An address in it, or one word of letters and digits that is no plain lower-case word."""
        name = self._name(text)
        return Email().recognises(text) or (bool(name) and (name != text.strip() or not name.isalpha()))

    def read(self, text: str) -> str:
        """Return the canonical address, or the username as typed (old ones may look like addresses)."""
        if Email().recognises(text):
            return Email().read(text)
        if REMOVED in text:
            raise NotAnAnswer("looks_like_a_password")
        name = self._name(text)
        if not name:
            raise NotAnAnswer("not_an_identifier")
        return name

    def _name(self, text: str) -> str:
        rest = text.strip().strip("\"'.,!")
        for lead_in in self.lead_ins:
            if rest.casefold().startswith(lead_in + " ") or rest.casefold().startswith(lead_in + ":"):
                rest = rest[len(lead_in) + 1 :].strip().strip("\"'.,!")
                break
        right = NAME.fullmatch(rest) and rules.USERNAME_MIN <= len(rest) <= rules.USERNAME_MAX
        return rest if right else ""


@dataclass(frozen=True)
class Typed(Question):
    """Verification characters of a known length: a picture's, spoken ones, or a mailed code's digits."""

    secret: bool = True
    length: int = rules.CODE_DIGITS
    digits: bool = False
    wrong_shape: str = "not_a_code"

    def recognises(self, text: str) -> bool:
        """As many letters or digits as there are to type, perhaps apart, and one more or less by mistake."""
        typed = plain(text)
        near = self.length - 1 <= len(typed) <= self.length + 1
        return (
            near and typed.isascii() and (typed.isdigit() or (not self.digits and len(text.split()) in {1, len(typed)}))
        )

    def read(self, text: str) -> str:
        """Return the typed characters; what cannot be right by its length is not counted as a try."""
        typed = plain(text)
        if len(typed) != self.length or (self.digits and not typed.isdigit()):
            raise NotAnAnswer(self.wrong_shape, length=self.length)
        return typed


@dataclass(frozen=True)
class FreeText(Question):
    """Whatever a person writes, within `longest` characters."""

    longest: int = 2000

    def read(self, text: str) -> str:
        """Return the text without white space around it."""
        kept = text.strip()
        if not any(each.isalnum() for each in kept.replace(REMOVED, "")):
            raise NotAnAnswer("say_it_in_words")
        if len(kept) > self.longest:
            raise NotAnAnswer("too_long", longest=self.longest)
        return kept


@dataclass(frozen=True)
class Somewhere(Question):
    """A place of California; the answer has the ids of all that may be meant, a line each."""

    named: Callable[[str], tuple[Place, ...]] = lambda text: ()  # the places that a message surely names
    meant: Callable[[str], tuple[Place, ...]] = lambda text: ()  # those that an answer may mean

    def recognises(self, text: str) -> bool:
        """Little more than a place, surely named."""
        return len(text.split()) <= SHORT_PLACE and bool(self.named(text))

    def read(self, text: str) -> str:
        """Return the ids of the places that may be meant."""
        places = self.meant(text)
        if not places:
            raise NotAnAnswer("not_a_place")
        return "\n".join(place.id for place in places)


@dataclass(frozen=True)
class Telephone(Question):
    """A telephone number, perhaps with an extension."""

    def recognises(self, text: str) -> bool:
        """Seven digits or more in a row, with the usual signs between them."""
        return bool(TELEPHONE.search(text)) and sum(each.isdigit() for each in text) >= 7

    def read(self, text: str) -> str:
        """Return the number as it was written."""
        found = TELEPHONE.search(text)
        digits = sum(each.isdigit() for each in found.group()) if found else 0
        if not found or not 7 <= digits <= 21:
            raise NotAnAnswer("not_a_telephone")
        return found.group().strip()


def _addresses(text: str) -> list[str]:
    found = [each.strip("'.!?") for each in ADDRESS.findall(text)]
    return list(dict.fromkeys(each.casefold() for each in found))
