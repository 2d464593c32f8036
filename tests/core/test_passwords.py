"""Passwords under the rules of 002, and what is kept of them."""

import pytest

from core import passwords
from core.refusals import PasswordRefused


def broken(password: str, username: str = "anngause", email: str = "ann@example.org") -> list[str]:
    return [each.phrase for each in passwords.broken_rules(password, username=username, email=email)]


@pytest.mark.parametrize("password", ["Blue4Heron", "Zx7kQp2m", "Correct7Horse9xy", "Übergröße1", "a B c d 7 !"])
def test_a_password_that_keeps_all_rules_is_accepted(password: str) -> None:
    passwords.check(password, username="anngause", email="ann@example.org")


@pytest.mark.parametrize(
    ("password", "phrases"),
    [
        ("Abcdef1", ["password_too_short"]),
        ("Abcdefghijklmnop1", ["password_too_long"]),
        ("abcdefg1", ["password_needs_uppercase"]),
        ("ABCDEFG1", ["password_needs_lowercase"]),
        ("Abcdefgh", ["password_needs_number"]),
        ("Abcdefg²", ["password_needs_number"]),
        ("abc", ["password_too_short", "password_needs_uppercase", "password_needs_number"]),
        ("", [f"password_{what}" for what in ("too_short", "needs_uppercase", "needs_lowercase", "needs_number")]),
    ],
)
def test_every_broken_rule_is_named(password: str, phrases: list[str]) -> None:
    assert broken(password) == phrases


@pytest.mark.parametrize("password", ["Password1", "Passw0rd", "Qwerty123", "Summer2026", "Abcdefg1", "Anngause2026"])
def test_what_keeps_all_rules_and_is_soon_guessed_is_refused(password: str) -> None:
    assert broken(password, username="anngause") == ["password_guessable"]


def test_the_username_is_no_password_in_whatever_case() -> None:
    assert broken("AnnGause1", username="anngause1") == ["password_is_username"]


def test_the_address_is_no_password_in_whatever_case() -> None:
    assert broken("Ann1@Example.org", email="ann1@example.org") == ["password_is_email"]


def test_an_old_username_that_is_the_address_is_named_once() -> None:
    assert broken("A1@example.org", username="a1@example.org", email="a1@example.org") == ["password_is_username"]


def test_a_refusal_names_the_first_broken_rule_and_its_number() -> None:
    with pytest.raises(PasswordRefused) as refused:
        passwords.check("abc", username="anngause", email="ann@example.org")
    assert (refused.value.phrase, refused.value.fields) == ("password_too_short", {"minimum": 8})


def test_only_the_right_password_matches_what_is_kept() -> None:
    kept = passwords.hashed("Abcdefg1")
    assert passwords.matches(kept, "Abcdefg1")
    assert not passwords.matches(kept, "Abcdefg2")
    assert not passwords.matches(kept, "abcdefg1")
    assert not passwords.matches(kept, "")


def test_what_is_kept_is_argon2id_and_differs_each_time() -> None:
    one, other = passwords.hashed("Abcdefg1"), passwords.hashed("Abcdefg1")
    assert one.startswith("$argon2id$")
    assert one != other
    assert "Abcdefg1" not in one


def test_a_letter_composed_by_another_keyboard_is_the_same_letter() -> None:
    assert passwords.matches(passwords.hashed("Caf\u00e9Bar1"), "Cafe\u0301Bar1")
