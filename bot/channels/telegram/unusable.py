"""Why the channel cannot start, as an operator is told it."""

from telegram.error import InvalidToken, TelegramError


class TelegramUnusable(Exception):
    """The channel cannot start; the message tells an operator why, and what to do."""


def sentence(error: TelegramError, base_url: str) -> str:
    """Return what an operator has to know; never the token."""
    if isinstance(error, InvalidToken):
        return (
            f"CERSBOT_TELEGRAM_TOKEN: the Bot API server {base_url} does not know this token;"
            " copy it anew from BotFather, as in 123456789:AAE..."
        )
    return (
        f"CERSBOT_TELEGRAM_BASE_URL={base_url}: no Bot API server answers there ({error.message});"
        " check the network, or name a server as https://api.telegram.org/bot"
    )
