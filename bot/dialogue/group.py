"""Groups: public answers only, nothing personal, nothing remembered (S3)."""

from bot.dialogue.exchange import Exchange
from bot.dialogue.questions import ADDRESS
from bot.dialogue.turn import Begin, Continue, Control, Known, Reader


def react_in_group(exchange: Exchange, reader: Reader) -> None:
    """Answer from the knowledge base; for anything personal, point to a private chat. Offers no buttons."""
    say, language = exchange.stage.speech.add, exchange.stage.language
    exchange.stack.recorded = False
    if reader.heard.secret:
        say(language.phrase("group_secret"))
        return
    match reader.meaning():
        case Known(entries, sure=True):
            for entry in entries:
                say(language.entries[entry].answer)
        case _ if ADDRESS.search(reader.heard.text):
            say(language.phrase("private_only"))
        case Known(entries):
            say(
                "\n".join(
                    [language.phrase("group_choose"), "", *(f"- {language.entries[each].question}" for each in entries)]
                )
            )
        case (
            Begin()
            | Continue()
            | Control("continue" | "person" | "status" | "language" | "forget" | "back" | "cancel" | "start_over")
        ):
            say(language.phrase("private_only"))
        case Control():
            say(language.phrase("group_help"))
        case _:
            say(language.phrase("group_lost"))
