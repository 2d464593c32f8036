"""Passwords: which ones are accepted (002), how they are kept, and how one is compared with what is kept."""

import unicodedata
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from zxcvbn import zxcvbn

from core import addresses, rules
from core.refusals import PasswordRefused

_hasher = PasswordHasher()
# A hash takes 64 MiB while it is made: so many at once are enough for a machine, more would only fill its memory.
_at_once = BoundedSemaphore(4)


def check(password: str, *, username: str, email: str) -> None:
    """Accept the password, or raise PasswordRefused for the first rule of 002 that it breaks."""
    for refusal in broken_rules(password, username=username, email=email):
        raise refusal


def broken_rules(password: str, *, username: str, email: str, phrase: str = "") -> list[PasswordRefused]:
    """Return a refusal for every rule that the password breaks, in the order in which 002 lists them.

    002: 8-16 characters, at least one uppercase letter, one lowercase letter and one number, and not the username.
    The e-mail address names the account as well as the username does, so it is no password either; the protection
    phrase is shown to whoever types the username, so no password may stand in it. What keeps all rules and is guessed
    soon all the same ("Password1") is refused as well.
    """
    text = _prepared(password)
    broken = []
    if len(text) < rules.PASSWORD_MIN:
        broken.append(PasswordRefused("password_too_short", minimum=rules.PASSWORD_MIN))
    if len(text) > rules.PASSWORD_MAX:
        broken.append(PasswordRefused("password_too_long", maximum=rules.PASSWORD_MAX))
    if not any(each.isupper() for each in text):
        broken.append(PasswordRefused("password_needs_uppercase"))
    if not any(each.islower() for each in text):
        broken.append(PasswordRefused("password_needs_lowercase"))
    if not any(each.isdecimal() for each in text):
        broken.append(PasswordRefused("password_needs_number"))
    key = addresses.username_key(text)
    if key == addresses.username_key(username):
        broken.append(PasswordRefused("password_is_username"))
    elif key == addresses.username_key(email):
        broken.append(PasswordRefused("password_is_email"))
    elif text and text.casefold() in _prepared(phrase).casefold():
        broken.append(PasswordRefused("password_in_phrase"))
    if not broken and guesses(text, username, email) < rules.PASSWORD_FEWEST_GUESSES:
        broken.append(PasswordRefused("password_guessable"))
    return broken


def guesses(password: str, *about: str) -> int:
    """Return how many guesses would find the password; what it is about (username, names) is guessed first.

    It takes milliseconds for what 002 allows, and is not asked about anything longer.
    """
    if not password or len(password) > rules.PASSWORD_MAX:
        return 0
    known = [word for text in about for word in (text, *text.replace("@", " ").replace(".", " ").split()) if word]
    return int(zxcvbn(password, user_inputs=known)["guesses"])


def hashed(password: str) -> str:
    """Return the argon2id hash to keep. It takes a tenth of a second or more: call it outside any transaction."""
    with _at_once:
        return _hasher.hash(_prepared(password))


def matches(password_hash: str, password: str) -> bool:
    """Return whether `password_hash` was made from `password`; as slow as `hashed`."""
    with _at_once:
        try:
            return _hasher.verify(password_hash, _prepared(password))
        except VerifyMismatchError:
            return False


def _prepared(password: str) -> str:
    """Return one form for all ways in which keyboards compose the same letters; nothing is cut off."""
    return unicodedata.normalize("NFC", password)
