"""How a flow says where a letter goes: a typed address masked, a typed username as "the address on file" (S1)."""

from bot.dialogue.talk import Talk
from core.addresses import masked


def say_where(talk: Talk, identifier: str, request: int) -> None:
    """Say that the letter is on its way, and which reference it bears, without telling whether the account exists."""
    if "@" in identifier:
        talk.say("sent", address=masked(identifier), reference=talk.reference(request))
    else:
        talk.say("sent_on_file", reference=talk.reference(request))
