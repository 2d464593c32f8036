"""References: by "CERS-7F3K" a person knows which letter belongs to which request, and nobody learns anything else."""

from typing import Final, Literal

from core.keys import Keys

_LENGTH: Final = 4


def reference(keys: Keys, kind: Literal["request", "code"], row: int) -> str:
    """Return the reference of a request, or of a mailed code's challenge: the same for known and unknown accounts."""
    return f"CERS-{keys.characters(f'reference {kind}', row, _LENGTH)}"
