"""The stage of one turn: the conversation that is held, the language, the flows, and what is said in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.dialogue.flow import Flow
from bot.dialogue.speech import Offer, Speech
from core.context import Context
from core.conversations import Held
from knowledge.library import Language

LANGUAGE_IS_CHOSEN = "language_is_chosen"  # in a conversation's state: it keeps its language, whatever is written
SWITCHED = "switched"  # in the same: the language that the channel's own switch stood at when it was last heeded


@dataclass
class Stage:
    """What a turn works with; its outcome lies in `held` and `speech`."""

    held: Held
    context: Context
    language: Language
    languages: Mapping[str, Language]
    flows: Mapping[str, Flow]
    speech: Speech = field(default_factory=Speech)

    def say(self, phrase: str, *offers: Offer, **fields: object) -> None:
        """Say one of the general phrases, with offers under it."""
        self.speech.add(self.language.phrase(phrase, **fields), offers)

    def menu(self) -> tuple[Offer, ...]:
        """Return the actions of the menu, in its order."""
        shown = sorted((flow for flow in self.flows.values() if flow.menu), key=lambda flow: flow.menu)
        return tuple(self.action(flow.name) for flow in shown)

    def action(self, name: str) -> Offer:
        """Return the offer to begin an action."""
        return Offer(self.language.flow(name).title, "begin", name)

    def entry(self, name: str) -> Offer:
        """Return the offer to answer an entry's question."""
        return Offer(self.language.entries[name].question, "entry", name)

    def control(self, word: str) -> Offer:
        """Return the offer of a control word."""
        return Offer(self.language.phrase(f"option_{word}"), "control", word)
