"""The help desk: tickets that staff work on the web and in their Telegram group."""
