"""Forget this chat: everything that it left here, but tickets and accounts."""

from bot.dialogue.flow import flow
from bot.dialogue.questions import Choice
from bot.dialogue.talk import Talk
from core import conversations


@flow("forget", recorded=False, lapses=True)
def forget(talk: Talk) -> None:
    """Ask once more, then forget."""
    if talk.ask("sure", Choice(("yes", "no"))) == "yes":
        talk.do("forget", conversations.forget)
        talk.say("forgotten")
        talk.end_everything()
    talk.say("kept")
