"""An exchange: one message, what it means, and what the bot does about it, within the turn's transaction."""

from typing import assert_never

from bot.dialogue.dates import written
from bot.dialogue.deliveries import only
from bot.dialogue.messages import Picture, Reply
from bot.dialogue.speech import Offer
from bot.dialogue.stack import Stack
from bot.dialogue.stage import Stage
from bot.dialogue.talk import Answer
from bot.dialogue.turn import URGENT, Begin, Continue, Control, Known, Lost, Meaning, Reader, Remark
from core import continuing, follow_ups, rules, tickets
from core.business_days import CALIFORNIA
from core.refusals import Refusal

NEAREST = 2  # other answers that are offered when one did not help
NAMED = frozenset({"telegram", "web"})  # channels that have a name for people


class Exchange:
    """What happens between a message and the replies to it; the outcome lies on the stage."""

    def __init__(self, stage: Stage) -> None:
        """Act on `stage`."""
        self.stage = stage
        self.stack = Stack(stage)
        self.meaning = ""  # what the message was taken for, for the transcript
        self._nearest: list[str] = []  # entries that came nearest after the answer before

    def react(self, reader: Reader) -> None:
        """React to a message of a private chat."""
        self._nearest = self.stage.held.state.pop("nearest", [])
        meaning = self.stack.hear(reader)
        if meaning is None:
            self.meaning = f"answer {self.stack.answered}"
        else:
            self._do(meaning)

    def begin(self, name: str, given: dict[str, str]) -> None:
        """Begin an action of the bot's own accord."""
        self.meaning = f"begin {name}"
        self.stack.push(name, given)
        self.stack.ask()

    def put_away(self) -> None:
        """Drop what was begun and left too long, with a sentence."""
        self.stage.say("put_away", title=self.stack.title)
        self.stack.clear()

    def warn_of_secret(self) -> None:
        """Say that something like a password was in the message, and what was done about it."""
        reset = self.stage.action("reset_password")
        self.stage.say("secret_removed", reset, action=reset.label)

    def _do(self, meaning: Meaning) -> None:
        """Do what a message means that is no answer; the open question, if any, is asked again."""
        self.meaning = _named(meaning)
        lost = self.stage.held.state.pop("lost", 0)
        match meaning:
            case Control(word):
                self._control(word)
            case Begin(name, seed, given):
                self._begin(name, seed, dict(given))
            case Continue(code):
                self._go_on_here(code)
            case Known(entries, sure=True, next=nearest):
                self.stage.held.state["nearest"] = nearest[:NEAREST]
                self._tell(entries)
            case Known(entries):
                self._let_choose(entries)
            case Remark(phrase):
                self._say_and_go_on(phrase, *(() if self.stack else self.stage.menu()))
            case Lost() | Answer():
                self.stage.held.state["lost"] = lost + 1
                self._admit(often=lost > 0)
            case _:
                assert_never(meaning)

    def _control(self, word: str) -> None:
        match word:
            case "person" | "language" | "forget":
                self._begin(word, "", {})
            case "back" | "cancel" | "start_over" if self.stack:
                self._turn_back(word)
            case "back" | "cancel" | "start_over":
                self.stage.say("nothing_open", *self.stage.menu())
            case "continue":
                self._go_on_elsewhere()
            case "status":
                self._tell_tickets()
                self.stack.ask()
            case "it_came":
                follow_ups.cancel(self.stage.context)
                self._say_and_go_on("it_came")
            case "not_helpful":
                nearest = [self.stage.entry(each) for each in self._nearest if each in self.stage.language.entries]
                self._say_and_go_on("not_helpful", *nearest, self.stage.action("person"))
            case "start" if self.stack:
                self._say_and_go_on("welcome_back")
            case _:
                phrase = {"start": "greeting", "help": "help"}.get(word, "menu")
                self._say_and_go_on(phrase, *self.stage.menu())

    def _turn_back(self, word: str) -> None:
        title, has_done_something = self.stack.title, self.stack.top.has_done_something()
        if word == "cancel":
            self.stage.say("cancelled_after_doing" if has_done_something else "cancelled", title=title)
            self.stack.pop()
        elif has_done_something:
            self.stage.say("cannot_go_back", title=title)
        elif word == "start_over":
            self.stack.start_over()
        elif not self.stack.top.step_back():
            self.stage.say("at_the_beginning")
        self.stack.ask()

    def _begin(self, name: str, seed: str, given: dict[str, str]) -> None:
        if self.stack and self.stack.top.flow == name and not given:
            self._say_and_go_on("in_the_middle", title=self.stack.title)
        else:
            self.stack.push(name, given)
            self.stack.hear_seed(seed)

    def _go_on_elsewhere(self) -> None:
        """Show a code by which this conversation goes on in another chat; nothing moves before it is typed there."""
        try:
            challenge = continuing.issue(self.stage.context)
        except Refusal as no:
            self._say_and_go_on(no.phrase, **no.fields)
            return
        code = Picture(continuing.KIND, challenge)
        self.stage.speech.add(self.stage.language.phrase("continue_code", minutes=rules.CONTINUE_MINUTES), (), code)
        self.stack.ask()

    def _go_on_here(self, code: str) -> None:
        """Go on here with the conversation of a code: what was open there is open here, and the old chat says so.

        What was open here already waits beneath it.
        """
        stage = self.stage
        try:
            moved = continuing.take(stage.context, code)
        except Refusal as no:
            self._say_and_go_on(no.phrase, **no.fields)
            return
        told = stage.languages.get(moved.language, stage.language)
        farewell = told.phrase(f"continued_{stage.held.channel if stage.held.channel in NAMED else 'elsewhere'}")
        continuing.leave_word(stage.context, moved.conversation, farewell, only(Reply(farewell)))
        if moved.language in stage.languages:
            stage.language, stage.held.language = stage.languages[moved.language], moved.language
        self.stack.adopt(moved.state.get("stack", []))
        self._say_and_go_on("continued_here", *(() if self.stack else stage.menu()))

    def _tell(self, entries: tuple[str, ...]) -> None:
        for name in entries:
            entry = self.stage.language.entries[name]
            actions = map(self.stage.action, entry.offer)
            related = map(self.stage.entry, entry.see[:2])
            verdict = [self.stage.control("not_helpful")] if entry.kind == "faq" and name == entries[-1] else []
            self.stage.speech.add(entry.answer, (*actions, *related, *verdict))
        if entries and not URGENT.intersection(entries):
            self.stack.ask()

    def _let_choose(self, entries: tuple[str, ...]) -> None:
        """Let the person choose what was meant; something urgent is told first, in case it is that."""
        urgent = tuple(entry for entry in entries if entry in URGENT)
        self._tell(urgent)
        choices = [self.stage.entry(entry) for entry in entries if entry not in URGENT]
        if choices:
            self._say_and_go_on("choose", *choices, self.stage.action("person"))

    def _admit(self, *, often: bool) -> None:
        self._say_and_go_on("lost_again" if often else "lost", self.stage.action("person"), *self.stage.menu())

    def _tell_tickets(self) -> None:
        language = self.stage.language
        receipts = tickets.receipts(self.stage.context)
        if not receipts:
            self.stage.say("no_tickets", self.stage.action("person"))
        for each in receipts:
            self.stage.say(
                "ticket_status_resolved" if each.state == tickets.RESOLVED else "ticket",
                number=each.number,
                state=language.phrase(f"ticket_{each.state}"),
                happened=each.happened[:200],
                asked=written(language, each.created_at.astimezone(CALIFORNIA).date()),
                answer_by=written(language, each.answer_by.astimezone(CALIFORNIA).date()),
            )

    def _say_and_go_on(self, phrase: str, *offers: Offer, **fields: object) -> None:
        """Say a phrase, and ask the open question again where there is one."""
        self.stage.say(phrase, *offers, **fields)
        self.stack.ask()


def _named(meaning: Meaning) -> str:
    match meaning:
        case Control(word):
            return f"control {word}"
        case Begin(name):
            return f"begin {name}"
        case Continue():
            return "continue"
        case Known(entries, sure):
            return f"{'entry' if sure else 'choose'} {' '.join(entries)}"
        case Remark(phrase):
            return f"remark {phrase}"
        case _:
            return "unknown"
