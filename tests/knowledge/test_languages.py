"""Several languages: told apart by their own words, compared by their own stems, and held side by side by the check."""

from collections.abc import Callable
from pathlib import Path

import pytest

import knowledge
from knowledge.editing.checking import check
from knowledge.editing.languages import differences
from knowledge.editing.places import Places
from knowledge.library import Library
from knowledge.tongue import Tongue
from tests.knowledge.shelf import SERVICE, TODAY, WELL, Shelf


@pytest.fixture(scope="module")
def library() -> Library:
    return Library.load(service=SERVICE)


@pytest.fixture
def two(shelf: Shelf) -> Shelf:
    """Return a shelf with a second language that says everything as the first does."""
    for name, text in WELL.items():
        if name.startswith("en/"):
            shelf.write(name.replace("en/", "es/", 1), text)
    return shelf


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("olvide mi password", "es"),
        ("no me llegó el email de activación", "es"),
        ("como hago el login", "es"),
        ("si", "es"),
        ("sí, por favor", "es"),
        ("gracias", "es"),
        ("cancelar", "es"),
        ("I forgot my password", "en"),
        ("yes please", "en"),
        ("I live in La Puente", "en"),
        ("my username is rosa2201", "en"),
        ("Los Angeles", ""),
        ("El Monte", ""),
        ("LA", ""),
        ("la", ""),
        ("rosa2201", ""),
        ("khmmc", ""),
        ("dana@example.org", ""),
        ("(916) 555-0100", ""),
        ("ok", ""),
        ("1", ""),
        ("", ""),
        ("Мне не приходит почта", ""),
        ("x" * 5000, ""),
    ],
)
def test_a_message_is_heard_in_its_own_language(library: Library, said: str, language: str) -> None:
    assert library.ear.language_of(said) == language


@pytest.mark.parametrize(("code", "strangers"), [("en", 4), ("es", 0)])
def test_held_out_questions_are_never_heard_in_the_wrong_language(library: Library, code: str, strangers: int) -> None:
    """Some English examples are in other languages, to see that the bot says which it speaks."""
    heard = [library.ear.language_of(each.text) for each in library.language(code).examples]
    assert sum(each not in (code, "") for each in heard) <= strangers
    assert heard.count(code) >= 0.97 * len(heard)


def test_one_language_alone_is_never_told(shelf: Shelf) -> None:
    assert shelf.load().ear.language_of("what was my login name again") == ""


@pytest.mark.parametrize(
    ("code", "forms"),
    [
        ("es", ("contrasena", "contrasenas")),
        ("es", ("registrado", "registrados")),
        ("en", ("passwords", "password")),
        ("pt-BR", ("senhas", "senha")),
    ],
)
def test_a_language_is_compared_by_its_own_stems(code: str, forms: tuple[str, ...]) -> None:
    assert len(set(map(Tongue(code).stem, forms))) == 1


def test_a_language_that_nobody_has_a_stemmer_for_is_compared_by_whole_words() -> None:
    assert Tongue("xx").stem("registrados") == "registrados"


def test_terms_make_words_of_two_languages_the_same() -> None:
    stem = Tongue("es", {"contrasena": frozenset({"password", "clave"})}).stem
    assert stem("password") == stem("claves") == stem("contrasenas") != stem("usuario")


def test_a_fact_in_words_is_said_in_each_languages_words(two: Shelf) -> None:
    two.change("facts.yaml", "value: help_desk*@example.org", "value: the help desk")
    two.write("es/facts.yaml", "support_email: la mesa de ayuda\n")
    library = two.load()
    assert "the help desk" in library.language("en").entries["mail_missing"].answer
    assert "la mesa de ayuda" in library.language("es").entries["mail_missing"].answer
    assert "la mesa de ayuda" in library.language("es").phrase("greeting", name="Ann")


def test_a_number_or_an_address_cannot_be_translated(two: Shelf) -> None:
    two.write("es/facts.yaml", "wait_minutes: quince\n")
    assert two.problems() == [
        "es/facts.yaml:1:1: `wait_minutes` is no fact in words; remove it: numbers and addresses are the same in all"
        " languages"
    ]


def lacks_an_entry(two: Shelf) -> None:
    two.write("es/reactions/small_talk.yaml", WELL["en/reactions/small_talk.yaml"].replace("id: thanks", "id: gracias"))


def states_another_fact(two: Shelf) -> None:
    two.change("es/faq/recovery.yaml", "within {wait_minutes} minutes", "soon")


def says_another_fact(two: Shelf) -> None:
    two.change("es/phrases.yaml", "write to **{support_email}**", "wait {wait_minutes} minutes")


def offers_nothing(two: Shelf) -> None:
    two.change("es/faq/recovery.yaml", "  offer: [recover_username]\n", "")


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (
            lacks_an_entry,
            [
                "en/reactions/small_talk.yaml:1:7: English has no entry `thanks`",
                "es/reactions/small_talk.yaml:1:7: English has no entry `gracias`",
            ],
        ),
        (
            states_another_fact,
            ["es/faq/recovery.yaml:6:11: the answer of `forgot_username` does not state {wait_minutes}, as English"],
        ),
        (
            says_another_fact,
            ["es/phrases.yaml:1:1: `greeting` does not state {support_email}, as English does; and states {wait_min"],
        ),
        (offers_nothing, ["es/faq/recovery.yaml:1:7: `offer` of `forgot_username` is [], and in English [recover_us"]),
    ],
)
def test_a_check_lists_what_one_language_has_and_the_other_lacks(
    two: Shelf, change: Callable[[Shelf], None], lines: list[str]
) -> None:
    change(two)
    report = check(two.folder, lambda folder: two.load(), today=TODAY)
    assert report.well
    for line in lines:
        assert any(said.startswith(line) for said in report.lines), report.lines
    assert "es: no differences" not in "\n".join(report.lines)


def test_the_shipped_languages_have_the_same_entries_texts_and_facts(library: Library) -> None:
    own = Path(knowledge.__file__).parent
    places = {code: Places(own, code) for code in library.languages}
    assert [str(each) for each in differences(library.language("en"), library.language("es"), places)] == []
