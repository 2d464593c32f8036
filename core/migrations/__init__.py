"""The migrations, and which of them is the newest (a test holds it against Alembic's own word)."""

from typing import Final

NEWEST: Final = "0001"
