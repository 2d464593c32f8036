"""What the help desk says to a person, as the outbox keeps it."""

from typing import Any

from bot.dialogue.deliveries import only
from bot.dialogue.messages import Reply


def spoken(text: str) -> dict[str, Any]:
    """Return the Markdown `text` as the replies of one turn."""
    return only(Reply(text))
