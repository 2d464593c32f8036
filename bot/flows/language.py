"""Choose the language that the bot speaks in this chat."""

from bot.dialogue.flow import flow
from bot.dialogue.questions import Choice
from bot.dialogue.talk import Talk

FOLLOW = "follow"


@flow("language")
def language(talk: Talk) -> None:
    """Offer the languages that there are, or to follow what is written; where there is one, say so."""
    if len(talk.languages) == 1:
        talk.say("only_one", language=talk.language.name)
        return
    names = (*(each.name for each in talk.languages.values()), talk.wording("follow"))
    code = talk.ask("language", Choice((*talk.languages, FOLLOW), names))
    if code == FOLLOW:
        talk.follow_language()
        talk.say("followed")
    else:
        talk.speak(code)
        talk.say("chosen", language=talk.language.name)
