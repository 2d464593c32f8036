"""Talk: what a flow's script can do, over a journal keyed by name (the script reruns from its top at every message)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Concatenate, ParamSpec, TypeVar

from bot.dialogue.dates import written
from bot.dialogue.journal import Journal
from bot.dialogue.messages import Picture
from bot.dialogue.questions import NotAnAnswer, Question
from bot.dialogue.speech import Offer, Speech
from bot.dialogue.verifying import MISSED, PASSED, verify_person
from core import follow_ups, references
from core.business_days import CALIFORNIA
from core.context import Context
from core.refusals import ProofRefused, Refusal
from core.verification import Proof
from knowledge.library import FlowWording, Language

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said to the open question: one of its options, or text."""

    text: str = ""
    option: str = ""


# Called with the key and the question where the script stands: returns the answer, or None when there is none and the
# question is to be asked; may raise, because the message is about something else.
Listener = Callable[[str, Question], Answer | None]


class Asked(Exception):
    """The script stands at a question without an answer."""

    def __init__(self, key: str, question: Question, text: str, picture: Picture | None = None) -> None:
        super().__init__(key)
        self.key = key
        self.question = question
        self.text = text
        self.picture = picture


class Ended(Exception):
    """The flow was refused something and is over; the reason was said."""


class EverythingEnded(Exception):
    """The flow is over, and so is every other one that waits beneath it."""


class Switched(Exception):
    """The flow gives way to another one."""

    def __init__(self, flow: str, given: dict[str, str]) -> None:
        super().__init__(flow)
        self.flow = flow
        self.given = given


class _Again(Exception):
    """Rerun the script: its journal changed under it."""


class Talk:
    """One run of a flow's script. Code between its calls must be pure: it runs at every message."""

    def __init__(
        self,
        journal: Journal,
        language: Language,
        context: Context,
        speech: Speech,
        listener: Listener,
        languages: Mapping[str, Language],
        asked_before: str | None = None,
    ) -> None:
        """Run over `journal` and say through `speech`; `languages` are those the bot speaks, by code.

        A question that was `asked_before`, in the turn before this one, is asked in its shorter wording `<key>_again`.
        """
        self.context = context
        self.language = language
        self.languages = languages
        self._journal = journal
        self._wording: FlowWording = language.flow(journal.flow)
        self._speech = speech
        self._listener = listener
        self._asked_before = asked_before
        self._named: set[str] = set()

    def ask(self, key: str, question: Question, **fields: object) -> str:
        """Return the answer to a question: text as the question reads it, or the id of an option."""
        self._name(key)
        if key not in self._journal:
            again = f"{key}_again"
            is_shorter = key == self._asked_before and self._wording.has_ask(again)
            text = self._wording.ask(again if is_shorter else key, **fields)
            self._journal.record(key, "ask", self._hear(key, question, text))
        return str(self._journal[key])

    def check(
        self, key: str, question: Question, text: str, test: Callable[[str], bool], picture: Picture | None = None
    ) -> str:
        """Return PASSED, MISSED or the id of an option; what was typed is tested and never recorded."""
        self._name(key)
        if key not in self._journal:
            heard = self._hear(key, question, text, picture)
            outcome = heard if heard in question.options else PASSED if test(heard) else MISSED
            self._journal.record(key, "check", outcome)
        return str(self._journal[key])

    def prepare(self, key: str, action: Callable[Concatenate[Context, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something that "back" may pass: a challenge, say. A refusal is said and ends the flow."""
        self._name(key)
        if key not in self._journal:
            self._journal.record(key, "prepare", self._attempt(action, *args, **kwargs))
        result: T = self._journal[key]
        return result

    def do(self, key: str, action: Callable[Concatenate[Context, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something once, for good; return its result, which JSON can hold. A refusal is said and ends the flow."""
        self._name(key)
        if key not in self._journal:
            self._journal.record(key, "do", self._attempt(action, *args, **kwargs))
        result: T = self._journal[key]
        return result

    def say(self, key: str, **fields: object) -> None:
        """Say a sentence of the flow's wording, once."""
        self._say(key, self._wording.say(key, **fields))

    def say_phrase(self, key: str, phrase: str) -> None:
        """Say one of the general phrases, once, under a key of the flow's choosing."""
        self._say(key, self.language.phrase(phrase))

    def phrase(self, phrase: str, **fields: object) -> str:
        """Return one of the general phrases, to ask with."""
        return self.language.phrase(phrase, **fields)

    def reference(self, request: int) -> str:
        """Return the reference of a request, which its letter bears as well."""
        return references.reference(self.context.keys, "request", request)

    def follow_up(self, name: str, after: int, **given: str) -> None:
        """Begin the flow `name` of the bot's own accord after so many minutes, some of its answers given."""
        self.do(f"follow_up {name}", follow_ups.plan, name, given, timedelta(minutes=after))

    def then(self, name: str, **given: str) -> None:
        """Give way to another flow, some of its answers given."""
        raise Switched(name, given)

    def end_everything(self) -> None:
        """End this flow and every other one that waits beneath it."""
        raise EverythingEnded

    def begin_again(self) -> None:
        """Forget every answer and ask from the top."""
        self._journal.clear()
        raise _Again

    def given(self, key: str) -> str:
        """Return what the flow was begun with."""
        return str(self._journal[key])

    def wording(self, key: str, **fields: object) -> str:
        """Return a sentence of the flow's wording without saying it."""
        return self._wording.say(key, **fields)

    def speak(self, code: str) -> None:
        """Go on in another language."""
        self.language = self.languages[code]
        self._wording = self.language.flow(self._journal.flow)

    def verify_person(self, key: str, identifier: str) -> Proof:
        """Return the proof that a person is asking, good for one action of this flow's name on `identifier` (G4)."""
        return verify_person(self, key, self._journal.flow, identifier)

    def topic(self, text: str) -> str:
        """Return the id of the entry that `text` is surely about, or nothing."""
        match = self.language.matcher.match(text)
        return match.entries[0][0] if match.decision == "answer" else ""

    def date(self, moment: str) -> str:
        """Return an ISO moment as the date on which it falls in California, as people write it."""
        return written(self.language, datetime.fromisoformat(moment).astimezone(CALIFORNIA).date())

    def run(self, script: Callable[["Talk"], None]) -> None:
        """Run the script to its end; Asked, Ended or Switched when it stops before."""
        while True:
            self._named.clear()
            try:
                script(self)
            except _Again:
                continue
            return

    def _hear(self, key: str, question: Question, text: str, picture: Picture | None = None) -> str:
        """Return the option or the answer that was given to the open question, or stop the script there."""
        answer = self._listener(key, question)
        if answer is not None and answer.option:
            return answer.option
        if answer is not None:
            try:
                return question.read(answer.text)
            except NotAnAnswer as no:
                self._speech.add(self.language.phrase(no.phrase, **no.fields))
        raise Asked(key, question, text, picture)

    def _attempt(self, action: Callable[Concatenate[Context, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return action(self.context, *args, **kwargs)
        except ProofRefused as no:
            self._speech.add(self.language.phrase(no.phrase, **no.fields))
            for each in args:
                if isinstance(each, Proof):
                    self._journal.drop(each.key)
            raise _Again from None
        except Refusal as no:
            self._speech.add(
                self.language.phrase(no.phrase, **no.fields),
                (Offer(self.language.flow("person").title, "begin", "person"),),
            )
            raise Ended from None

    def _say(self, key: str, text: str) -> None:
        self._name(key)
        if key not in self._journal:
            self._speech.add(text)
            self._journal.record(key, "say", True)

    def _name(self, key: str) -> None:
        if key in self._named:
            raise AssertionError(f"flow {self._journal.flow!r} uses the key {key!r} twice")
        self._named.add(key)
