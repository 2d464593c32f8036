"""Send the activation mail again (000, 003), to the e-mail address on file."""

from bot.dialogue.flow import flow
from bot.dialogue.questions import Identifier
from bot.dialogue.talk import Talk
from bot.flows.sending import say_where
from core import recovery, rules


@flow("resend_activation", menu=1)
def resend_activation(talk: Talk) -> None:
    """Ask for username or address, verify the person, mail the activation link."""
    identifier = talk.ask("identifier", Identifier())
    proof = talk.verify_person("proof", identifier)
    request = talk.do("request", recovery.resend_activation, identifier, proof)
    say_where(talk, identifier, request)
    talk.follow_up("mail_not_here", rules.ACTIVATION_MAIL_MINUTES, action="resend_activation", identifier=identifier)
