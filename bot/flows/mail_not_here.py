"""Ask whether a letter came, of the bot's own accord, and help when it did not (000, 004)."""

from bot.dialogue.flow import flow
from bot.dialogue.questions import Choice
from bot.dialogue.talk import Talk


@flow("mail_not_here")
def mail_not_here(talk: Talk) -> None:
    """Ask; then say which folders to look into, send again (verified anew), or hand over to a person."""
    action = talk.given("action")
    answer = talk.ask("came", Choice(("came", "folders", "again", "person")))
    if answer == "folders":
        talk.say("folders")
        answer = talk.ask("found", Choice(("came", "again", "person")))
    match answer:
        case "came":
            talk.say(f"came_{action}")
        case "again":
            talk.then(action, identifier=talk.given("identifier"))
        case _:
            talk.then("person", happened=talk.wording(f"happened_{action}"))
