"""What the help desk says to a person, as the outbox keeps it."""

from typing import Any

from bot.dialogue.deliveries import only
from bot.dialogue.messages import Copied, Reply


def spoken(text: str, copied: Copied | None = None) -> dict[str, Any]:
    """Return the Markdown `text`, with what is to be copied, as the replies of one turn."""
    return only(Reply(text, copied=copied))
