"""What a message means now: a control word, an answer to the open question, an action, an entry, or nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.dialogue.messages import Incoming
from bot.dialogue.questions import ADDRESS, SHORT_PLACE, Choice, FreeText, Question, Telephone
from bot.dialogue.redaction import Heard
from bot.dialogue.speech import Offer, pressed
from bot.dialogue.talk import Answer
from core.continuing import CODE
from knowledge.library import Language
from knowledge.text import normalise

if TYPE_CHECKING:
    from knowledge.matcher import Match

CONTROLS = (
    "back",
    "cancel",
    "start_over",
    "person",
    "help",
    "menu",
    "start",
    "status",
    "language",
    "forget",
    "it_came",
    "bot",
    "not_helpful",
    "continue",
)

SHORT = 14  # words of a message that says one thing
FEW_WORDS = 6  # fewer are an attempt to answer the open question rather than another question nobody is sure of
URGENT = frozenset({"emergency", "crisis"})  # entries that come before any open question, alone, and on a suspicion
REGULATOR = "find_my_regulator"  # the entry, and the action that answers it for a place


@dataclass(frozen=True, slots=True)
class Control:
    """One of the words that work everywhere."""

    word: str


@dataclass(frozen=True, slots=True)
class Begin:
    """An action; `seed` is what was said already and its first question will ask for, `given` answers by their key."""

    flow: str
    seed: str = ""
    given: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Continue:
    """A code by which a conversation that began elsewhere goes on here."""

    code: str


@dataclass(frozen=True, slots=True)
class Known:
    """Entries of the knowledge base: what answers the message, one for each of its questions, or what may be meant.

    `next` are those that come nearest after an answer, for whom it did not help.
    """

    entries: tuple[str, ...]
    sure: bool
    next: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that gets a sentence of its own: a stale button, a sticker, an edit, a command nobody knows."""

    phrase: str


@dataclass(frozen=True, slots=True)
class Lost:
    """Nothing that the bot knows."""


Meaning = Control | Begin | Continue | Known | Remark | Lost | Answer


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one message; `question` is the open one, once a flow's script stands at it."""

    incoming: Incoming
    heard: Heard
    match: "Callable[[], Match]"
    state: Mapping[str, Any]
    language: Language

    def meaning(self, question: Question | None = None) -> Meaning:
        """Return what the message means, answers to the open question among the first."""
        if self.incoming.edited:
            return Remark("edited")
        if self.incoming.button:
            offer = pressed(dict(self.state), self.incoming.button)
            return Remark("stale_button") if offer is None else self._offered(offer)
        typed = self.heard.text.strip()
        if not typed:
            return Remark("attachment" if self.incoming.attachment else "nothing_said")
        if typed.startswith("/"):
            return self._command(typed)
        if code := CODE.fullmatch(typed):
            return Continue(code.group())
        return self._words(typed, question)

    def _words(self, typed: str, question: Question | None) -> Meaning:
        said = normalise(typed)
        if not said and question is None:
            return Remark("nothing_said")
        for offer in self._named_offers(typed, said, question):
            return self._offered(offer)
        for word in CONTROLS:
            is_answer = word == "not_helpful" and question is not None  # "what did you try?" – "nothing helped"
            if said and said in self.language.words.get(word, ()) and not is_answer:
                return Control(word)
        if not isinstance(question, FreeText) and self._asks_for_person(said):
            return Control("person")
        if question is not None:
            return self._answer(typed, said, question)
        if flow := self._started(said):
            return Begin(flow)
        only = [
            Offer(**each)
            for each in self.state.get("offered", [])
            if each["act"] == "begin" and each["what"] != "person"
        ]
        if len(only) == 1 and ADDRESS.search(typed):
            return Begin(only[0].what, self.heard.clean)
        if any(each.what == REGULATOR for each in only) and len(said.split()) <= SHORT_PLACE:
            for begin in self._regulator_of_place():
                return begin
        if only and said in self.language.words.get("yes", ()):
            return self._offered(only[0])
        return self._known(said) or Lost()

    def _asks_for_person(self, said: str) -> bool:
        """Return whether a short message has a wish for a person in it."""
        within = self.language.words.get("person_within", frozenset())
        return len(said.split()) <= SHORT and any(f" {each} " in f" {said} " for each in within)

    def _answer(self, typed: str, said: str, question: Question) -> Meaning:
        """Return an answer to the open question, unless the message is surely about something else."""
        for option in question.options:
            if said in self.language.words.get(option, ()):
                return Answer(option=option)
        answer = Answer(typed if question.secret or isinstance(question, Telephone) else self.heard.clean)
        if question.recognises(typed):
            return answer
        if flow := self._started(said):
            return Begin(flow)
        if isinstance(question, FreeText):
            known = self._known(said)
            about_else = isinstance(known, Known) and known.sure and (typed.endswith("?") or known.entries[0] in URGENT)
            return known if known and about_else else answer
        known = self._known(said)
        if known is None or isinstance(known, Begin):
            return known or answer
        attempt = len(typed.split()) < (2 if known.sure else FEW_WORDS) and not typed.endswith("?")
        return answer if attempt and not isinstance(question, Choice) else known

    def _command(self, typed: str) -> Meaning:
        name, _, rest = typed[1:].partition(" ")
        word = name.partition("@")[0].casefold().replace("-", "_")
        if word in {"start", "continue"} and (code := CODE.search(rest)):
            return Continue(code.group())
        if word == "start" and (flow := self._started(normalise(rest))):
            return Begin(flow)
        return Control(word) if word in CONTROLS else Remark("unknown_command")

    def _named_offers(self, typed: str, said: str, question: Question | None) -> list[Offer]:
        """Return the offer of the last turn that was typed instead of pressed, by its number or label.

        Where any text is an answer, a number names an option of the question and nothing else.
        """
        offers = [Offer(**each) for each in self.state.get("offered", [])]
        number = typed.strip("[]().# ")
        if number.isascii() and number.isdigit() and len(number) <= 2 and 1 <= int(number) <= len(offers):
            numbered = offers[int(number) - 1]
            return [] if isinstance(question, FreeText) and numbered.act != "option" else [numbered]
        return [offer for offer in offers if said and normalise(offer.label) == said][:1]

    def _offered(self, offer: Offer) -> Meaning:
        match offer.act:
            case "option":
                return Answer(option=offer.what)
            case "begin":
                return Begin(offer.what, offer.seed)
            case "entry":
                beside = [each["what"] for each in self.state.get("offered", []) if each["act"] == "entry"]
                return Known((offer.what,), sure=True, next=tuple(each for each in beside if each != offer.what))
            case "control":
                return Control(offer.what)

    def _started(self, said: str) -> str | None:
        return next((name for name, wording in self.language.flows.items() if said and said in wording.start), None)

    def _known(self, said: str) -> Known | Begin | None:
        if not said:
            return None
        match = self.match()
        entries = [self.language.entries[each] for each, _ in match.entries]
        if match.decision != "unknown" and entries[0].id == REGULATOR:
            for begin in self._regulator_of_place():
                return begin
        if match.decision == "answer":
            alone = entries[0].id in URGENT
            second = [entry for entry, _ in match.also if self.language.entries[entry].kind == "faq" and not alone]
            answers = (entries[0].id, *second)
            nearest = tuple(each.id for each in entries if each.kind == "faq" and each.id not in answers)
            return Known(answers, sure=True, next=nearest)
        suspected = [each.id for each in entries[:1] if each.id in URGENT]
        choices = (*suspected, *(each.id for each in entries if each.kind == "faq"))
        return Known(choices, sure=False) if match.decision == "choose" and choices else None

    def _regulator_of_place(self) -> list[Begin]:
        """Return the action that names the regulator, where the message says of which place; nothing in a group."""
        places = self.language.places_named(self.heard.clean) if self.incoming.private else ()
        return [Begin(REGULATOR, given=(("place", "\n".join(each.id for each in places)),))] if places else []
