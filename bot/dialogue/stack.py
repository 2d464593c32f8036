"""The stack of actions under way in a conversation: the top one runs until it asks; what lay beneath comes back."""

from typing import Any

from bot.dialogue.journal import Journal
from bot.dialogue.questions import Question
from bot.dialogue.speech import Offer
from bot.dialogue.stage import Stage
from bot.dialogue.talk import Answer, Asked, Ended, EverythingEnded, Listener, Switched, Talk
from bot.dialogue.turn import Lost, Meaning, Reader, Remark

DEEPEST = 4  # actions that may wait beneath one another


class Interrupted(Exception):
    """The message is about something else than the open question."""

    def __init__(self, meaning: Meaning) -> None:
        super().__init__(meaning)
        self.meaning = meaning


class Stack:
    """The actions under way, kept in the conversation's state as journals, the newest last."""

    def __init__(self, stage: Stage) -> None:
        """Work on the conversation of `stage`; an action that is no longer among its flows ends with a sentence."""
        self._stage = stage
        self.answered = ""  # the key of the question that the message answered
        self.took_secret = False  # it is one whose answers are never kept
        self.recorded = True  # the turn goes into the transcript
        known = [each for each in self._journals if each["flow"] in stage.flows]
        if len(known) < len(self._journals):
            if known[-1:] != self._journals[-1:]:
                self._forget_question()
            self._journals[:] = known
            stage.say("flow_changed")

    def __bool__(self) -> bool:
        """Whether an action is under way."""
        return bool(self._journals)

    @property
    def top(self) -> Journal:
        """The journal of the action that asks."""
        return Journal(self._journals[-1])

    @property
    def title(self) -> str:
        """What the action that asks is called."""
        return self._stage.language.flow(self.top.flow).title

    def push(self, name: str, given: dict[str, str]) -> None:
        """Put an action on top; an older one of the same name gives way to it."""
        waiting = [each for each in self._journals if not self._stage.flows[each["flow"]].lapses]
        others = [each for each in waiting if each["flow"] != name][-DEEPEST:]
        self._journals[:] = [*others, Journal.begun(name, self._stage.flows[name].version, given).kept]
        self._forget_question()

    def pop(self) -> None:
        """End the action on top, and say which one comes back."""
        self._journals.pop()
        self._forget_question()
        if self:
            self._stage.say("resumed", title=self.title)

    def adopt(self, journals: list[dict[str, Any]]) -> None:
        """Put the actions of a conversation that goes on here on top; an older one of the same name gives way."""
        brought = [each for each in journals if each["flow"] in self._stage.flows]
        names = {each["flow"] for each in brought}
        own = [each for each in self._journals if each["flow"] not in names]
        self._journals[:] = [*own, *brought][-DEEPEST - 1 :]
        self._forget_question()

    def clear(self) -> None:
        """End all of them without a word."""
        self._journals.clear()
        self._forget_question()

    def start_over(self) -> None:
        """Forget what was answered to the action on top."""
        self.top.clear()
        self._forget_question()

    def hear(self, reader: Reader) -> Meaning | None:
        """Hand the message to the open question; return what it means where it is no answer to it."""
        unread = [reader]
        meaning = self.run(self._hearing(unread))
        if self and meaning is not None and not isinstance(meaning, Remark) and self._stage.flows[self.top.flow].lapses:
            self._journals.pop()
            self._forget_question()
        return reader.meaning() if unread else meaning

    def hear_seed(self, seed: str) -> None:
        """Run the action that was just begun; its first question takes `seed` where that answers it."""
        unheard = [seed] if seed else []

        def listen(_: str, question: Question) -> Answer | None:
            return Answer(unheard.pop()) if unheard and question.recognises(unheard[0]) else None

        self.run(listen)

    def ask(self) -> None:
        """Ask the open question again, where there is one."""
        self.run(_silence)

    def run(self, listener: Listener) -> Meaning | None:
        """Run the top action until it asks, or until the message turns out to be about something else: return that."""
        while self:
            journal = self.top
            flow = self._stage.flows[journal.flow]
            if flow.version != journal.version and journal.has_done_something():
                self._journals.pop()
                self._stage.say("flow_changed")
                continue
            if flow.version != journal.version:
                journal.keep_answers_only(flow.version)
            self.recorded = flow.recorded
            stage = self._stage
            talk = Talk(
                journal, stage.language, stage.context, stage.speech, listener, stage.languages, self._state.get("open")
            )
            try:
                talk.run(flow.script)
            except Interrupted as interruption:
                return interruption.meaning
            except Asked as asked:
                self._put(asked)
                return None
            except Switched as switch:
                self._journals.pop()
                self.push(switch.flow, switch.given)
            except Ended:
                self.pop()
            except EverythingEnded:
                self.clear()
            else:
                stage.language, stage.held.language = talk.language, talk.language.code
                self.pop()
            listener = _silence
        self._forget_question()
        return None

    def _put(self, asked: Asked) -> None:
        """Say the question, with its options and the ways out of it."""
        self._state["open"] = asked.key
        stage, question = self._stage, asked.question
        labels = question.labels or tuple(self._label(asked.key, each) for each in question.options)
        options = (Offer(label, "option", each) for label, each in zip(labels, question.options, strict=True))
        ways_out = ("back", "cancel") if self.top.has_answers() else ("cancel",)
        stage.speech.add(asked.text, (*options, *map(stage.control, ways_out)), asked.picture)

    def _label(self, key: str, option: str) -> str:
        language = self._stage.language
        wording = language.flow(self.top.flow)
        return wording.option(key, option) if wording.has_option(key, option) else language.phrase(f"option_{option}")

    def _hearing(self, unread: list[Reader]) -> Listener:
        """Return a listener that hands the message, once, to the question that was open."""

        def listen(key: str, question: Question) -> Answer | None:
            if not unread:
                return None
            reader = unread.pop()
            if self._state.get("open") != key:
                meaning = reader.meaning()
                raise Interrupted(Remark("question_changed") if isinstance(meaning, Lost | Answer) else meaning)
            meaning = reader.meaning(question)
            if not isinstance(meaning, Answer):
                raise Interrupted(meaning)
            if meaning.option and meaning.option not in question.options:
                raise Interrupted(Remark("stale_button"))
            self.answered = key
            self.took_secret = question.secret and not meaning.option
            return meaning

        return listen

    def _forget_question(self) -> None:
        self._state["open"] = None

    @property
    def _state(self) -> dict[str, Any]:
        return self._stage.held.state

    @property
    def _journals(self) -> list[dict[str, Any]]:
        journals: list[dict[str, Any]] = self._state.setdefault("stack", [])
        return journals


def _silence(key: str, question: Question) -> None:
    return None
