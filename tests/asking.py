"""How a person asks for each action, up to the question that proves a person; and how one hears that it is done."""

from collections.abc import Sequence

from bot.dialogue.messages import Delivery
from tests.world import Heard, Press, Said

Pairs = Sequence[tuple[Said, Heard]]

RECOVER: Pairs = [("recover my username", "e-mail address"), ("dana@example.org", "<characters>")]
RESET: Pairs = [("reset my password", "your username"), ("danalee1", "<characters>")]
RESEND: Pairs = [("resend my activation email", "your username"), ("omarwash", "<characters>")]
MAIL_A_CODE = Press("Mail me a code instead")
PERSON: Pairs = [
    ("/person", "What happened"),
    ("It says no", "tried"),
    ("skip", "telephone"),
    ("skip", "Shall I send it"),
]


def on_its_way(delivery: Delivery | None) -> bool:
    """Return whether somebody was told that a letter is being sent."""
    return delivery is not None and any("is on its way" in reply.text for reply in delivery.replies)
