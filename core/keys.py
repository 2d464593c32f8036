"""The service's secret key, and what is derived from it: codes, characters, link tokens, sealed payloads."""

import hashlib
import hmac
import os
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet

# No vowels (no words by accident), none that look alike in a distorted picture (0 O Q D, 1 I L, 2 Z, 5 S, 8 B, 7 V Y).
CHARACTERS = "CFGHJKMNPRTWX3469"
# Characters of a secret key; what is shorter could be found out by trying.
SHORTEST_SECRET = 32


class Keys:
    """Derives secrets from the service's key, so that no live secret is ever stored (G4)."""

    def __init__(self, secret: str, *, retired: Sequence[str] = ()) -> None:
        """Use `secret` from now on; what was sealed, mailed or shown under `retired` keys is still known."""
        self._secret = secret.encode()
        self._fernet = MultiFernet([_fernet(each.encode()) for each in (secret, *retired)])
        self._retired = tuple(Keys(each) for each in retired)

    @property
    def live(self) -> "tuple[Keys, ...]":
        """Every key by which something that was mailed may have been derived, the one in use first."""
        return (self, *self._retired)

    @property
    def mark(self) -> str:
        """What a row keeps of the key that its secret is derived from: enough to tell keys apart, and no more."""
        return self.hidden("mark", "")[:8]

    def of(self, mark: str) -> "Keys":
        """Return the key of this mark; the one in use where there is none, by which nothing will be right."""
        return next((each for each in self.live if each.mark == mark), self)

    def mac(self, purpose: str, *parts: object) -> bytes:
        """Return the 32-byte HMAC-SHA256 of `parts` under a key of this purpose alone."""
        own = hmac.digest(self._secret, f"cersbot:{purpose}".encode(), hashlib.sha256)
        return hmac.digest(own, "\x1f".join(map(str, parts)).encode(), hashlib.sha256)

    def hidden(self, purpose: str, text: str) -> str:
        """Return a short keyed hash of `text`, to find a row again without storing what it is about."""
        return self.mac(purpose, text)[:16].hex()

    def digits(self, purpose: str, row: object, length: int) -> str:
        """Return the decimal code of a row, `length` digits, uniformly distributed (a 256-bit number, reduced)."""
        return str(int.from_bytes(self.mac(purpose, row)) % 10**length).zfill(length)

    def characters(self, purpose: str, row: object, length: int) -> str:
        """Return the verification characters of a row: capitals and digits that are not easily confused."""
        number = int.from_bytes(self.mac(purpose, row))
        letters = []
        for _ in range(length):
            number, place = divmod(number, len(CHARACTERS))
            letters.append(CHARACTERS[place])
        return "".join(letters)

    def token(self, purpose: str, row_id: int) -> str:
        """Return the link token of a row: its id and 192 bits that only this key can make."""
        return f"{row_id}-{urlsafe_b64encode(self.mac(purpose, row_id)[:24]).decode()}"

    def seal(self, plain: bytes) -> bytes:
        """Return `plain` encrypted and authenticated, for what may not lie readable in the database (S2)."""
        return self._fernet.encrypt(plain)

    def unseal(self, sealed: bytes) -> bytes:
        """Return what was sealed; cryptography.fernet.InvalidToken when it was not sealed with a known key."""
        return self._fernet.decrypt(sealed)


def kept_secret(path: Path) -> str:
    """Return the secret key kept in `path`, made there with mode 600 when there is none yet.

    ValueError when the file holds none, which would make every code and link guessable.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_secret(path)
    secret = secrets.token_urlsafe(48)
    with os.fdopen(handle, "w") as file:
        file.write(secret)
    return secret


def _read_secret(path: Path) -> str:
    """Return what is kept in `path`; another process may have made it this moment and not yet written."""
    for _ in range(20):
        secret = path.read_text().strip()
        if len(secret) >= SHORTEST_SECRET:
            return secret
        time.sleep(0.05)
    raise ValueError(f"there is no secret key in {path}; remove that file, or set one")


def _fernet(secret: bytes) -> Fernet:
    return Fernet(urlsafe_b64encode(hmac.digest(secret, b"cersbot:seal", hashlib.sha256)))
