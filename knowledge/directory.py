"""The directory: which local regulator is responsible for a place, as far as a page of its own says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from knowledge.places import Place, Places


@dataclass(frozen=True, slots=True)
class Agency:
    """A local regulator, where that was read and when. `serves` are the only places it names, if it names some."""

    name: str
    source: str
    read: date
    serves: tuple[str, ...] = ()
    telephone: str = ""
    email: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Directory:
    """Agencies by county and by city, and the places that people name."""

    counties: Mapping[str, Agency] = field(default_factory=dict)
    cities: Mapping[str, Agency] = field(default_factory=dict)
    county_of: Mapping[str, str] = field(default_factory=dict)
    places: Places = field(default_factory=lambda: Places({}, ()))

    def of_city(self, place: Place) -> Agency | None:
        """Return the agency that a page names for this city itself."""
        return self.cities.get(place.name) if place.kind == "city" else None

    def of_county(self, place: Place) -> Agency | None:
        """Return the agency that a page names for the county of a place."""
        return self.counties.get(place.county)

    def apart(self, county: str) -> tuple[Place, ...]:
        """Return the cities of a county that are known to have another agency than it."""
        of_county = self.counties.get(county)
        return tuple(
            Place("city", city, county)
            for city, agency in self.cities.items()
            if self.county_of.get(city) == county and (of_county is None or agency.name != of_county.name)
        )
