"""Recover the username: it goes to the e-mail address on file (000, 004)."""

from bot.dialogue.flow import flow
from bot.dialogue.questions import Email
from bot.dialogue.talk import Talk
from core import recovery, rules
from core.addresses import masked


@flow("recover_username", menu=2)
def recover_username(talk: Talk) -> None:
    """Ask for the address, verify the person, mail the username to that address."""
    address = talk.ask("identifier", Email())
    proof = talk.verify_person("proof", address)
    request = talk.do("request", recovery.remind_username, address, proof)
    talk.say("sent", address=masked(address), reference=talk.reference(request))
    talk.follow_up("mail_not_here", rules.RECOVERY_MAIL_MINUTES, action="recover_username", identifier=address)
