"""Reads places.yaml and regulators.yaml into the directory, and says everything that is wrong in them."""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, Field

from knowledge.directory import Agency, Directory
from knowledge.folder import Folder
from knowledge.places import Place, Places
from knowledge.problems import suggestion
from knowledge.schema import Known, PastDay, Shape, Text, wrong
from knowledge.shaping import fit
from knowledge.yaml_source import Node

PLACES, REGULATORS = "places.yaml", "regulators.yaml"


def _address(text: str) -> str:
    if not text.startswith(("https://", "http://")) or " " in text:
        raise wrong(f"`{text[:80]}` is no address of a page", "write it as https://example.org/page")
    return text


class CountyShape(Shape):
    """a county: its cities, and places outside of them"""

    cities: list[Text] = Field(default_factory=list, description="write its cities in brackets: [Fresno, Clovis]")
    outside_cities: list[Text] = Field(default_factory=list, description="write other places in it in brackets")


class PlacesFile(Shape):
    """counties, and what else their places are called"""

    counties: dict[str, CountyShape] = Field(description="write `counties:`, and below it each with its cities")
    also_called: dict[str, list[Text]] = Field(
        default_factory=dict, description="write a city or county, and in brackets what else it is called"
    )
    parts_of_cities: dict[str, list[Text]] = Field(
        default_factory=dict, description="write a city, and in brackets the parts that people name"
    )
    regions: dict[str, list[Text]] = Field(
        default_factory=dict, description="write a region, and in brackets its counties"
    )
    words_too: list[Text] = Field(default_factory=list, description="write names that are also words, in brackets")


class AgencyShape(Shape):
    """an agency, with the page that names it and the day when that was read"""

    agency: Text = Field(description="write `agency: …`, its whole name")
    serves: list[Text] = Field(
        default_factory=list, description="where the page names the only places it serves, write them in brackets"
    )
    telephone: Text | None = Field(default=None, description="write it as the page has it: (916) 555-0100")
    email: Text | None = Field(default=None, description="write its address: cupa@example.org")
    address: Text | None = Field(default=None, description="write street and town")
    source: Annotated[Text, AfterValidator(_address)] = Field(description="write the page that names it: https://…")
    read: PastDay = Field(description="write the day when that page was read as 2026-11-21")


class RegulatorsFile(Shape):
    """counties, and cities with an agency of their own, each with its agency"""

    counties: dict[str, AgencyShape] = Field(default_factory=dict, description="write a county, and its agency below")
    cities: dict[str, AgencyShape] = Field(default_factory=dict, description="write a city, and its agency below it")


def read_directory(top: Folder, known: Known) -> Directory:
    """Return what the two files say, an empty directory where they are not there; see the folder's problems."""
    places_tree, regulators_tree = _tree(top, PLACES), _tree(top, REGULATORS)
    places = fit(PlacesFile, places_tree, PLACES, known, top.problems) if places_tree else None
    regulators = fit(RegulatorsFile, regulators_tree, REGULATORS, known, top.problems) if regulators_tree else None
    if places is None:
        return Directory()
    county_of = _county_of(places, places_tree, top)
    _refuse_strangers(places, places_tree, regulators_tree, county_of, top)
    return Directory(
        MappingProxyType(_agencies(regulators.counties if regulators else {})),
        MappingProxyType(_agencies(regulators.cities if regulators else {})),
        MappingProxyType(county_of),
        Places(_named(places, county_of), places.words_too),
    )


def _tree(top: Folder, name: str) -> Node | None:
    return top.tree(name) if (top.path / name).exists() else None


def _county_of(places: PlacesFile, tree: Node | None, top: Folder) -> dict[str, str]:
    """City or other place -> its county; one that stands in two counties is a problem."""
    found: dict[str, str] = {}
    for county in places.counties:
        for key in ("cities", "outside_cities"):
            for node in _items(_node(tree, "counties", county, key)):
                first = found.setdefault(str(node.value), county)
                if first != county:
                    top.problem(PLACES, node, f"`{node.value}` stands in {first} already", "keep it in its own county")
    return found


def _refuse_strangers(
    places: PlacesFile, tree: Node | None, regulators: Node | None, county_of: Mapping[str, str], top: Folder
) -> None:
    cities = [city for shape in places.counties.values() for city in shape.cities]
    everything = [*places.counties, *county_of]
    for key, right in (("also_called", everything), ("parts_of_cities", cities)):
        _refuse_keys(PLACES, _node(tree, key), right, top)
    for node in _lists(_node(tree, "regions")):
        _refuse_value(PLACES, node, places.counties, top)
    for node in _items(_node(tree, "words_too")):
        _refuse_value(
            PLACES, node, [*everything, *(each for names in places.also_called.values() for each in names)], top
        )
    _refuse_keys(REGULATORS, _node(regulators, "counties"), places.counties, top)
    _refuse_keys(REGULATORS, _node(regulators, "cities"), cities, top)
    for key in ("counties", "cities"):
        group = _node(regulators, key)
        for county in group.keys if group else ():
            for node in _items(_node(group, county, "serves")):
                _refuse_value(REGULATORS, node, county_of, top)


def _refuse_keys(file: str, node: Node | None, right: Collection[str], top: Folder) -> None:
    for key, (line, column) in node.keys.items() if node else ():
        if key not in right:
            mend = suggestion(key, right, "write it as places.yaml has it, or add it there")
            top.problem(file, Node(None, line, column), f"`{key}` is no place of places.yaml that fits here", mend)


def _refuse_value(file: str, node: Node, right: Collection[str], top: Folder) -> None:
    if isinstance(node.value, str) and node.value not in right:
        mend = suggestion(node.value, right, "write it as places.yaml has it, or add it there")
        top.problem(file, node, f"`{node.value}` is no place of places.yaml that fits here", mend)


def _node(node: Node | None, *path: str) -> Node | None:
    for key in path:
        node = node.get(key) if node else None
    return node


def _items(node: Node | None) -> list[Node]:
    return node.items() if node else []


def _lists(node: Node | None) -> Iterator[Node]:
    for key in node.keys if node else ():
        yield from _items(_node(node, key))


def _named(places: PlacesFile, county_of: Mapping[str, str]) -> dict[str, list[Place]]:
    """What people say -> the places they may mean."""
    named: dict[str, list[Place]] = {}
    for county, shape in places.counties.items():
        named.setdefault(county, []).append(Place("county", county, county))
        for city in shape.cities:
            named.setdefault(city, []).append(Place("city", city, county))
        for other in shape.outside_cities:
            named.setdefault(other, []).append(Place("outside", other, county))
    for name, said in places.also_called.items():
        for each in said:
            named.setdefault(each, []).extend(named.get(name, ()))
    for city, parts in places.parts_of_cities.items():
        for part in parts:
            named.setdefault(part, []).append(Place("city", city, county_of.get(city, "")))
    for region, counties in places.regions.items():
        named.setdefault(region, []).extend(Place("county", county, county) for county in counties)
    return named


def _agencies(shapes: Mapping[str, AgencyShape]) -> dict[str, Agency]:
    return {
        name: Agency(
            shape.agency,
            shape.source,
            shape.read,
            tuple(shape.serves),
            shape.telephone or "",
            shape.email or "",
            shape.address or "",
        )
        for name, shape in shapes.items()
    }
