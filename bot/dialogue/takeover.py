"""While staff have the chat: the bot is quiet, notes what the person writes, and comes back on /bot."""

from bot.dialogue.stage import Stage
from bot.dialogue.turn import URGENT, Reader
from core import takeover

TO_STAFF = "to staff"


def is_left_to_staff(stage: Stage, reader: Reader, shown: str) -> bool:
    """Return whether the message is for staff, who have the chat; it is noted in their ticket then.

    Commands stay the bot's, and so does danger: it is answered at once. A button of the bot only says how it comes
    back. `shown` is the message as the transcript may show it.
    """
    ticket = stage.held.taken_over_by
    if ticket is None:
        return False
    typed = reader.heard.text.strip()
    if typed.partition(" ")[0].partition("@")[0].casefold() == "/bot":
        takeover.bring_back(stage.context, ticket)
        stage.say("bot_is_back", *stage.menu())
        return True
    if typed.startswith("/"):
        return False
    copied = reader.incoming.message if reader.incoming.attachment and not reader.heard.secret else ""
    if not takeover.hear(stage.context, ticket, shown, copied):
        takeover.end(stage.context.session, ticket, stage.context.conversation)
        return False
    if reader.incoming.button:
        stage.say("staff_have_the_chat")
    return not _is_urgent(reader)


def _is_urgent(reader: Reader) -> bool:
    if not reader.heard.clean:
        return False
    match = reader.match()
    return match.decision == "answer" and match.entries[0][0] in URGENT
