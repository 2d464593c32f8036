"""Places are found as people type them, and the two files of the directory are checked like all others."""

import pytest

from knowledge.language import Language
from knowledge.library import Library
from knowledge.places import Place
from tests.knowledge.shelf import SERVICE, Shelf

PLACES = """
    counties:
      Fresno:
        cities: [Fresno, Clovis]
      Kern:
        cities: [Bakersfield]
    also_called:
      Bakersfield: [bako]
    """
REGULATORS = """
    counties:
      Kern:
        agency: Kern Public Health
        source: https://example.org/kern
        read: 2026-11-20
    """
MISTAKES = [
    ("places.yaml", "Bakersfield: [bako]", "Bakersfeld: [bako]", ":7:3: `Bakersfeld` is no place of places.yaml"),
    ("places.yaml", "[Bakersfield]", "[Clovis]", ":5:14: `Clovis` stands in Fresno already; keep it in its own county"),
    ("places.yaml", "counties:", "countys:", ":1:1: there is no key `countys` here; did you mean `counties`?"),
    (
        "regulators.yaml",
        "Kern:",
        "Kerm:",
        ":2:3: `Kerm` is no place of places.yaml that fits here; did you mean `Kern`",
    ),
    ("regulators.yaml", "counties:", "cities:", ":2:3: `Kern` is no place of places.yaml that fits here"),
    ("regulators.yaml", "https://example.org/kern", "the county", ":4:13: `the county` is no address of a page"),
    ("regulators.yaml", "    source: https://example.org/kern\n", "", ":3:5: `source` is missing here; write the page"),
    ("regulators.yaml", "2026-11-20", "2026-12-20", ":5:11: 2026-12-20 lies in the future"),
    ("regulators.yaml", "    read: 2026-11-20\n", "", ":3:5: `read` is missing here; write the day"),
]


@pytest.fixture(scope="module")
def english() -> Language:
    return Library.load(service=SERVICE).language("en")


@pytest.mark.parametrize(("file", "right", "wrong", "line"), MISTAKES)
def test_a_mistake_in_the_directory_is_named_with_its_place(
    shelf: Shelf, file: str, right: str, wrong: str, line: str
) -> None:
    shelf.write("places.yaml", PLACES)
    shelf.write("regulators.yaml", REGULATORS)
    assert shelf.problems() == []
    shelf.change(file, right, wrong)
    assert any(f"{file}{line}" in each for each in shelf.problems()), shelf.problems()


def test_a_folder_without_a_directory_knows_no_place(shelf: Shelf) -> None:
    assert shelf.load().language("en").places_named("Fresno") == ()


def test_all_counties_are_known_by_name_with_and_without_the_word(english: Language) -> None:
    counties = set(english.directory.county_of.values()) | {"Mariposa"}
    assert len(counties) == 58
    for county in counties:
        assert Place("county", county, county) in english.places_meant(f"{county} county"), county
        assert Place("county", county, county) in english.places_meant(county.lower()), county


def test_all_cities_are_known_by_name(english: Language) -> None:
    for name, county in english.directory.county_of.items():
        meant = english.places_meant(f"in {name}")
        assert any(each.county == county for each in meant), name


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("sanberdino", ["county/San Bernardino/San Bernardino"]),
        ("San Bernadino county", ["county/San Bernardino/San Bernardino"]),
        ("LA", ["county/Los Angeles/Los Angeles"]),
        ("city of LA", ["city/Los Angeles/Los Angeles"]),
        ("Frisco", ["county/San Francisco/San Francisco"]),
        ("I'm in Fresno", ["county/Fresno/Fresno"]),
        ("Paso Robles, ca 93446", ["city/El Paso de Robles/San Luis Obispo"]),
        ("Bakersfeild", ["city/Bakersfield/Kern"]),
        ("la cañada", ["city/La Cañada Flintridge/Los Angeles"]),
        ("sacra", ["county/Sacramento/Sacramento"]),
        ("weed", ["city/Weed/Siskiyou"]),
        ("Lake county", ["county/Lake/Lake"]),
        ("brentwood", ["city/Brentwood/Contra Costa", "city/Los Angeles/Los Angeles"]),
        ("Las Vegas", []),
        ("santa", []),
        ("x" * 4000, []),
        ("", []),
    ],
)
def test_a_place_is_understood_as_people_type_it(english: Language, said: str, meant: list[str]) -> None:
    assert [each.id for each in english.places_meant(said)] == meant


@pytest.mark.parametrize(
    "said",
    [
        "la agencia de mi condado",
        "in place of the old form",
        "our ranch has no street number",
        "the lake behind my shop",
        "walnut and orange orchards",
        "I lost my password",
    ],
)
def test_words_that_only_sound_like_a_place_are_none(english: Language, said: str) -> None:
    assert english.places_named(said) == ()
