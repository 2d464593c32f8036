"""One key for all ways of typing an address, and a mask that tells nothing but what CERS itself shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import addresses

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.mark.parametrize(
    "typed",
    [
        "ann.gause@example.org",
        "Ann.Gause@Example.ORG",
        "  ann.gause@example.org\n",
        "ａｎｎ.gause＠example.org",
        "ann.\u200bgause@exam\u00adple.org",
        "\u202aann.gause@example.org\u202c",
    ],
)
def test_all_ways_of_typing_one_address_have_one_key(typed: str) -> None:
    assert addresses.canonical(typed) == "ann.gause@example.org"


def test_a_domain_in_letters_of_its_language_is_the_same_as_its_ascii_form() -> None:
    assert addresses.canonical("ann@bücher.example.org") == addresses.canonical("ann@xn--bcher-kva.example.org")


def test_letters_go_to_the_address_as_it_was_typed() -> None:
    assert addresses.read(" Ann.Gause@Example.org ").mailable == "Ann.Gause@example.org"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ann",
        "ann@",
        "@example.org",
        "ann@example",
        "ann@example.org,bob@example.org",
        "ann@example.org bob@example.org",
        "ann@example.org\r\nBcc: bob@example.org",
        "Ann <ann@example.org>",
        '"ann gause"@example.org',
        "ünal@example.org",
        "ann@localhost",
        "ann@[127.0.0.1]",
        "a" * 65 + "@example.org",
        "a" * 100_000 + "@example.org",
    ],
)
def test_what_cannot_be_mailed_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(ValueError, match=r"[A-Z].*[.']$"):
        addresses.canonical(typed)


@given(st.text())
def test_whatever_is_typed_is_an_address_or_refused(typed: str) -> None:
    try:
        key = addresses.canonical(typed)
    except ValueError:
        return
    assert addresses.canonical(key) == key


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("anngause@gmail.com", "an****se@gmail.com"),
        ("cariboo2001@gmail.com", "ca****01@gmail.com"),
        ("angie@example.org", "an****ie@example.org"),
        ("john@example.org", "j****@example.org"),
        ("j@example.org", "j****@example.org"),
    ],
)
def test_an_address_is_masked_as_cers_masks_it(address: str, shown: str) -> None:
    assert addresses.masked(address) == shown


@given(st.text(LETTERS, min_size=5, max_size=40), st.text(LETTERS, min_size=5, max_size=40))
def test_a_mask_never_tells_how_long_the_name_is(one: str, other: str) -> None:
    other = one[:2] + other[2:-2] + one[-2:]
    assert addresses.masked(f"{one}@example.org") == addresses.masked(f"{other}@example.org")


def test_usernames_differ_by_letters_not_by_their_case() -> None:
    assert addresses.username_key(" AnnGause ") == addresses.username_key("anngause")
    assert addresses.username_key("AnnGause@Example.org") == "anngause@example.org"
