"""Moments as operators read them."""

from datetime import datetime


def written(moment: datetime) -> str:
    """Return the moment to the minute, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
