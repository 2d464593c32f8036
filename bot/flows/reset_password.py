"""Start a password reset: a link goes to the e-mail address on file (000, 004)."""

from bot.dialogue.flow import flow
from bot.dialogue.questions import Identifier
from bot.dialogue.talk import Talk
from bot.flows.sending import say_where
from core import recovery, rules


@flow("reset_password", menu=3)
def reset_password(talk: Talk) -> None:
    """Ask for username or address, verify the person, mail a link that sets a new password."""
    identifier = talk.ask("identifier", Identifier())
    proof = talk.verify_person("proof", identifier)
    request = talk.do("request", recovery.start_reset, identifier, proof)
    say_where(talk, identifier, request)
    talk.follow_up("mail_not_here", rules.RECOVERY_MAIL_MINUTES, action="reset_password", identifier=identifier)
