"""Choose the language that the bot speaks in this chat."""

from bot.dialogue.flow import flow
from bot.dialogue.questions import Choice
from bot.dialogue.talk import Talk


@flow("language")
def language(talk: Talk) -> None:
    """Offer the languages that there are; where there is one, say so."""
    if len(talk.languages) == 1:
        talk.say("only_one", language=talk.language.name)
        return
    names = tuple(each.name for each in talk.languages.values())
    talk.speak(talk.ask("language", Choice(tuple(talk.languages), names)))
    talk.say("chosen", language=talk.language.name)
