"""The Telegram channel: updates in through the inbox, replies out through the Bot API."""

import os

# python-telegram-bot gives waits as timedelta, as its next major version will, instead of warning at every wait.
os.environ.setdefault("PTB_TIMEDELTA", "1")
