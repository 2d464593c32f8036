"""Normalising: what people type in many ways becomes one."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.text import LONGEST_TEXT, normalise, stem


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("  Hello,\n\tWORLD!! ", "hello world"),
        ("e-mail: a.person@example.org", "e mail a person example org"),
        ("https://cers.calepa.ca.gov/", "https cers calepa ca gov"),
        ("C'est \u201cfini\u201d", "cest fini"),
        ("'quoted' words", "quoted words"),
        ("the company's users", "the company users"),
        ("30 days", "30 days"),
        ("", ""),
        ("?!... \U0001f44d", ""),
    ],
)
def test_letters_and_digits_stay_and_the_rest_separates(typed: str, normal: str) -> None:
    assert normalise(typed) == normal


@pytest.mark.parametrize(
    "ways",
    [
        (
            "I don't know",
            "i dont know",
            "I do not know",
            "I don\u2019t know",
            "i don`t know",
            "I don\u00b4t know",
            "i dunno",
        ),
        ("can't", "cant", "cannot", "can not", "CAN\u2019T"),
        ("it won't", "it wont", "it will not"),
        ("I'm sure you're right", "im sure youre right", "i am sure you are right"),
        ("what's that", "whats that", "what is that"),
        ("we've tried, they'll see", "weve tried they'll see", "we have tried they will see"),
        ("I'd like", "I would like"),
        ("let's go", "let us go"),
    ],
)
def test_a_contraction_and_what_it_stands_for_are_one(ways: tuple[str, ...]) -> None:
    assert len({normalise(way) for way in ways}) == 1


@pytest.mark.parametrize("word", ["were", "ill", "its", "id", "shed", "well", "hell", "lets"])
def test_a_word_that_only_might_lack_an_apostrophe_stays(word: str) -> None:
    assert normalise(word) == word


@pytest.mark.parametrize(
    "disguised",
    [
        "pass\u200bword",
        "\u202epassword\u202c",
        "pass\u00adword",
        "\ufeffpassword",
        "p\u0430ssw\u043erd",
        "\uff30\uff41\uff53\uff53\uff57\uff4f\uff52\uff44",
        "\U0001d5c9\U0001d5ba\U0001d5cc\U0001d5cc\U0001d5d0\U0001d5c8\U0001d5cb\U0001d5bd",
        "pa\u0301s\u0323sword",
        "pass\x00wo\x07rd",
        "password\ud83d",
    ],
)
def test_a_disguised_word_is_the_word(disguised: str) -> None:
    assert normalise(disguised) == "password"


def test_a_word_all_of_look_alikes_is_latin_only_among_latin_words() -> None:
    assert normalise("the \u0441\u043e\u0440\u0443 here") == "the copy here"
    assert normalise("\u0441\u043e\u0440\u0443") == "\u0441\u043e\u0440\u0443"


@pytest.mark.parametrize("text", ["привет мир", "한국어 되나요", "हिन्दी में", "我忘记了密码", "مرحبا"])
def test_other_scripts_stay_legible(text: str) -> None:
    kept = normalise(text)
    assert kept == unicodedata.normalize("NFC", kept)
    assert kept.split() == text.split()


def test_accents_do_not_matter() -> None:
    assert normalise("Contraseña olvidó RÉSUMÉ Straße") == normalise("contrasena olvido resume strasse")


def test_digits_of_every_script_are_digits() -> None:
    assert normalise("\u0663\u0660 \uff11\uff12 \u0967") == "30 12 1"


@given(st.text(max_size=200))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert once == " ".join(once.split())
    assert not {unicodedata.category(character) for character in once} & {"Cc", "Cf", "Cs", "Po", "Lu", "Zl", "Zp"}


@given(st.text(alphabet="ab'\u2019nt \u0301\u0430\u05b0\u0316", max_size=60))
def test_normalising_twice_changes_nothing_among_apostrophes_and_marks(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


def test_only_the_beginning_of_an_endless_text_is_read() -> None:
    assert normalise("a" * 100_000) == "a" * LONGEST_TEXT
    assert normalise("x " * LONGEST_TEXT + "secret").find("secret") == -1


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "a'",
        "'",
        "don't ",
        "e\u0301\u0316",
        "\u05b0\u0316\u05b4",
        "\ufdfa",
        "\u0f71\u0f72\u0f74",
        "\u200b",
        "\ud800",
    ],
)
def test_no_text_takes_long(unit: str) -> None:
    text, taken = unit * 100_000, []
    for _ in range(3):
        start = time.thread_time()
        normalise(text)
        taken.append(time.thread_time() - start)
    assert min(taken) < 0.05


@pytest.mark.parametrize(
    ("forms", "root"),
    [
        (("reset", "resets", "resetting"), "reset"),
        (("activate", "activates", "activated", "activating"), "activat"),
        (("company", "companies"), "company"),
        (("email", "emails", "emailed"), "email"),
        (("address", "addresses"), "address"),
    ],
)
def test_forms_of_one_word_share_a_stem(forms: tuple[str, ...], root: str) -> None:
    assert {stem(form) for form in forms} == {root}


@pytest.mark.parametrize("word", ["is", "was", "bed", "cupa", "30", "pass", "한국어"])
def test_short_and_foreign_words_keep_their_form(word: str) -> None:
    assert stem(word) == word
