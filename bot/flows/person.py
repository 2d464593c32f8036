"""Hand over to a person: what happened, what was tried, how to call back (003), and a ticket with its date."""

from bot.dialogue.flow import flow
from bot.dialogue.questions import Choice, FreeText, Telephone
from bot.dialogue.talk import Talk
from core import tickets


@flow("person", menu=4)
def person(talk: Talk) -> None:
    """Collect what the help desk needs, show it, make the ticket, and say when help answers."""
    happened = talk.ask("happened", FreeText())
    tried = _given(talk.ask("tried", FreeText(("skip",))))
    telephone = _given(talk.ask("telephone", Telephone(("skip",))))
    hours = _given(talk.ask("hours", FreeText(("skip",), longest=200))) if telephone else ""
    nothing = talk.wording("nothing")
    decision = talk.ask(
        "summary",
        Choice(("send", "change")),
        happened=happened,
        tried=tried or nothing,
        telephone=telephone or nothing,
        hours=hours or nothing,
    )
    if decision == "change":
        talk.begin_again()
    number = talk.do("ticket", tickets.open_ticket, happened, tried, telephone, hours, talk.topic(happened))
    talk.say("made", number=number, answer_by=talk.date(talk.do("promise", tickets.promised_by, number)))


def _given(answer: str) -> str:
    return "" if answer == "skip" else answer
