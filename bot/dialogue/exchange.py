"""An exchange: one message, what it means, and what the bot does about it, within the turn's transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from bot.dialogue.dates import written
from bot.dialogue.flow import Flow
from bot.dialogue.journal import Journal
from bot.dialogue.questions import Question
from bot.dialogue.speech import Offer, Speech
from bot.dialogue.talk import Answer, Asked, Ended, Listener, Switched, Talk
from bot.dialogue.turn import URGENT, Begin, Control, Known, Lost, Meaning, Reader, Remark
from core import follow_ups, tickets
from core.business_days import CALIFORNIA
from core.context import Context
from core.conversations import Held
from knowledge.library import Language

DEEPEST = 4  # actions that may wait beneath one another


class Interrupted(Exception):
    """The message is about something else than the open question."""

    def __init__(self, meaning: Meaning) -> None:
        super().__init__(meaning)
        self.meaning = meaning


@dataclass
class Exchange:
    """What happens between a message and the replies to it; the outcome lies in `held.state` and `speech`."""

    held: Held
    context: Context
    language: Language
    languages: Mapping[str, Language]
    flows: Mapping[str, Flow]
    speech: Speech = field(default_factory=Speech)
    meaning: str = ""  # what the message was taken for, for the transcript
    took_secret: bool = False  # the message answered a question whose answers are never kept
    took_raw: bool = False  # the message was an answer that only looks like a secret: a username, say
    recorded: bool = True  # the turn goes into the transcript

    def react(self, reader: Reader) -> None:
        """React to a message of a private chat."""
        unread = [reader]
        self._run(self._hearing(unread))
        if unread:
            self._do(reader.meaning())

    def begin(self, name: str, answers: dict[str, str]) -> None:
        """Begin a flow of the bot's own accord."""
        self.meaning = f"begin {name}"
        self._push(name, answers)
        self._run(_silence)

    def put_away(self) -> None:
        """Drop what was begun and left too long, with a sentence."""
        self._say("put_away", title=self.language.flow(Journal(self._stack[-1]).flow).title)
        self._stack.clear()

    def warn_of_secret(self) -> None:
        """Say that something like a password was in the message, and what was done about it."""
        self._say("secret_removed", self._begin_offer("reset_password"))

    def _do(self, meaning: Meaning) -> None:
        """Do what a message means that is no answer; the open question, if any, is asked again."""
        self.meaning = _named(meaning)
        lost = self.held.state.pop("lost", 0)
        match meaning:
            case Control(word):
                self._control(word)
            case Begin(name, seed):
                self._begin(name, seed)
            case Known(entries, sure):
                self._tell(entries, sure=sure)
            case Remark(phrase):
                self._say(phrase, *(() if self._stack else self._menu()))
                self._go_on()
            case Lost() | Answer():
                self.held.state["lost"] = lost + 1
                self._admit(often=lost > 0)
            case _:
                assert_never(meaning)

    def _control(self, word: str) -> None:
        match word:
            case "person" | "language" | "forget":
                self._begin(word, "")
            case "back" | "cancel" | "start_over" if self._stack:
                self._turn_back(word)
            case "back" | "cancel" | "start_over":
                self._say("nothing_open", *self._menu())
            case "status":
                self._tell_tickets()
                self._go_on()
            case "it_came":
                follow_ups.cancel(self.context)
                self._say("it_came")
                self._go_on()
            case "start" if self._stack:
                self._say("welcome_back")
                self._go_on()
            case _:
                self._say({"start": "greeting", "help": "help"}.get(word, "menu"), *self._menu())
                self._go_on()

    def _turn_back(self, word: str) -> None:
        journal = Journal(self._stack[-1])
        title = self.language.flow(journal.flow).title
        if word == "cancel":
            self._stack.pop()
            self._say("cancelled_after_doing" if journal.has_done_something() else "cancelled", title=title)
            self._resume_beneath()
        elif journal.has_done_something():
            self._say("cannot_go_back", title=title)
        elif word == "start_over":
            journal.clear()
        elif not journal.step_back():
            self._say("at_the_beginning")
        self._go_on()

    def _begin(self, name: str, seed: str) -> None:
        if self._stack and Journal(self._stack[-1]).flow == name:
            self._say("in_the_middle", title=self.language.flow(name).title)
            self._go_on()
            return
        self._push(name, {})
        self._run(_hearing_once(seed))

    def _tell(self, entries: tuple[str, ...], *, sure: bool) -> None:
        if not sure:
            self._say("choose", *(self._entry_offer(each) for each in entries), self._begin_offer("person"))
            self._go_on()
            return
        entry = self.language.entries[entries[0]]
        offers = [self._begin_offer(name) for name in entry.offer]
        related = [self._entry_offer(each) for each in entry.see[:2]]
        self.speech.add(entry.answer, (*offers, *related))
        if entry.id not in URGENT:
            self._go_on()

    def _admit(self, *, often: bool) -> None:
        self._say("lost_again" if often else "lost", self._begin_offer("person"), *self._menu())
        self._go_on()

    def _tell_tickets(self) -> None:
        receipts = tickets.receipts(self.context)
        if not receipts:
            self._say("no_tickets", self._begin_offer("person"))
        for each in receipts:
            self._say(
                "ticket",
                number=each.number,
                state=self.language.phrase(f"ticket_{each.state}"),
                happened=each.happened[:200],
                asked=written(self.language, each.created_at.astimezone(CALIFORNIA).date()),
                answer_by=written(self.language, each.answer_by.astimezone(CALIFORNIA).date()),
            )

    def _go_on(self) -> None:
        """Ask the open question again, where there is one."""
        if self._stack:
            self._run(_silence)

    def _run(self, listener: Listener) -> None:
        """Run the top flow until it asks; what is beneath an ended one comes back."""
        while self._stack:
            journal = Journal(self._stack[-1])
            flow = self.flows.get(journal.flow)
            if flow is None or (flow.version != journal.version and journal.has_done_something()):
                self._stack.pop()
                self._say("flow_changed")
                continue
            if flow.version != journal.version:
                journal.keep_answers_only(flow.version)
            self.recorded = flow.recorded
            talk = Talk(journal, self.language, self.context, self.speech, listener, self.languages)
            try:
                talk.run(flow.script)
            except Interrupted as interruption:
                self._do(interruption.meaning)
                return
            except Asked as asked:
                self._ask(asked, journal)
                return
            except Switched as switch:
                self._stack.pop()
                self._push(switch.flow, switch.answers)
                listener = _silence
                continue
            except Ended:
                pass
            self.language, self.held.language = talk.language, talk.language.code
            self._stack.pop()
            self._resume_beneath()
            listener = _silence
        self.held.state["open"] = None

    def _ask(self, asked: Asked, journal: Journal) -> None:
        self.held.state["open"] = asked.key
        wording = self.language.flow(journal.flow)
        options = (
            Offer(
                wording.option(asked.key, each) if wording.has_option(asked.key, each) else self._option(each),
                "option",
                each,
            )
            for each in asked.question.options
        )
        controls = ("back", "cancel") if journal.has_answers() else ("cancel",)
        self.speech.add(asked.text, (*options, *(self._control_offer(each) for each in controls)), asked.picture)

    def _resume_beneath(self) -> None:
        if self._stack:
            self._say("resumed", title=self.language.flow(Journal(self._stack[-1]).flow).title)

    def _push(self, name: str, answers: dict[str, str]) -> None:
        """Put a flow on top; an older one of the same name gives way to it."""
        self._stack[:] = [each for each in self._stack if each["flow"] != name][-DEEPEST:]
        self._stack.append(Journal.begun(name, self.flows[name].version, answers).kept)

    def _hearing(self, unread: list[Reader]) -> Listener:
        """Return a listener that hands the message, once, to the question that was open."""

        def listen(key: str, question: Question) -> Answer | None:
            if not unread:
                return None
            reader = unread.pop()
            if self.held.state.get("open") != key:
                meaning = reader.meaning()
                raise Interrupted(Remark("question_changed") if isinstance(meaning, Lost | Answer) else meaning)
            meaning = reader.meaning(question)
            if not isinstance(meaning, Answer):
                raise Interrupted(meaning)
            if meaning.option and meaning.option not in question.options:
                raise Interrupted(Remark("stale_button"))
            self.meaning = f"answer {key}"
            self.took_secret = question.secret and not meaning.option
            self.took_raw = meaning.text == reader.heard.text.strip()
            return meaning

        return listen

    @property
    def _stack(self) -> list[dict[str, Any]]:
        stack: list[dict[str, Any]] = self.held.state.setdefault("stack", [])
        return stack

    def _say(self, phrase: str, *offers: Offer, **fields: object) -> None:
        self.speech.add(self.language.phrase(phrase, **fields), offers)

    def _menu(self) -> tuple[Offer, ...]:
        shown = sorted((flow for flow in self.flows.values() if flow.menu), key=lambda flow: flow.menu)
        return tuple(self._begin_offer(flow.name) for flow in shown)

    def _begin_offer(self, name: str) -> Offer:
        return Offer(self.language.flow(name).title, "begin", name)

    def _entry_offer(self, entry: str) -> Offer:
        return Offer(self.language.entries[entry].question, "entry", entry)

    def _control_offer(self, word: str) -> Offer:
        return Offer(self._option(word), "control", word)

    def _option(self, option: str) -> str:
        return self.language.phrase(f"option_{option}")


def _silence(key: str, question: Question) -> None:
    return None


def _hearing_once(seed: str) -> Listener:
    unheard = [seed] if seed else []

    def listen(key: str, question: Question) -> Answer | None:
        return Answer(unheard.pop()) if unheard and question.recognises(unheard[0]) else None

    return listen


def _named(meaning: Meaning) -> str:
    match meaning:
        case Control(word):
            return f"control {word}"
        case Begin(name):
            return f"begin {name}"
        case Known(entries, sure):
            return f"{'entry' if sure else 'choose'} {' '.join(entries)}"
        case Remark(phrase):
            return f"remark {phrase}"
        case _:
            return "unknown"
