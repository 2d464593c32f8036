"""Places of California as people type them: counties, cities, and what else they are called, found in a text."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz import fuzz, process

from knowledge.text import normalise

LONGEST_NAME = 5
"""Words of a name, "Carmel by the Sea" and a word too many."""

SHORTEST_GUESSED = 5
"""Letters from which a name may be mistyped."""

SHORTEST_AMONG_OTHERS = 7
"""Letters from which it may be where it stands among other words: "place" is no mistyped Placer."""

ALIKE, NEARLY_ALIKE = 86, 74
"""How alike, of 100, a mistyped name is within a message, and where a place was asked for. "San Bernadino" has 96 and
"sanberdino" 87; "reading" and Redding have 86, so within a message a word like "in" has to stand before it, too."""

AS_GOOD = 5
"""What two places may differ in likeness, of 100, and both be meant."""

MOST_MEANT = 4
"""Places that are asked about; where more may be meant, none was named."""

SHORT = 3
"""Letters of an abbreviation that within a message is one only in capitals: "LA", but not "la"."""

Kind = Literal["county", "city", "outside"]


@dataclass(frozen=True, slots=True)
class Place:
    """A county, a city, or a place outside of all cities, in its county."""

    kind: Kind
    name: str
    county: str

    @property
    def id(self) -> str:
        """The place in one text, for `Place.of`."""
        return "/".join((self.kind, self.name, self.county))

    @classmethod
    def of(cls, place_id: str) -> "Place":
        """Return the place of an id."""
        kind, name, county = place_id.split("/")
        found: Kind = "county" if kind == "county" else "city" if kind == "city" else "outside"
        return cls(found, name, county)


@dataclass(frozen=True, slots=True)
class Hints:
    """Words of a language that tell a place: normalised; `before` stand before one, `around` only fill an answer."""

    before: Collection[str]
    around: Collection[str]
    county: Collection[str]
    city: Collection[str]

    @property
    def all(self) -> frozenset[str]:
        """All of them: none is a part of a mistyped name."""
        return frozenset((*self.before, *self.around, *self.county, *self.city))


class Places:
    """Finds places in texts. Immutable once made."""

    def __init__(self, named: Mapping[str, Sequence[Place]], words_too: Iterable[str]) -> None:
        """`named` has what people say for which places; of `words_too` the names are common words as well."""
        self._named: dict[str, tuple[Place, ...]] = {}
        for name, places in named.items():
            known = self._named.get(joined(name), ())
            self._named[joined(name)] = tuple(dict.fromkeys((*known, *places)))
        self._words_too = frozenset(map(joined, words_too))
        self._long = [name for name in self._named if len(name) >= SHORTEST_GUESSED]

    def named(self, text: str, hints: Hints) -> tuple[Place, ...]:
        """Return the places that a message surely names, each once; nothing where it names none."""
        words = normalise(text).split()
        capitals = {normalise(word) for word in text.split() if word.strip(".,!?").isupper()}
        found: list[Place] = []
        first = 0
        while first < len(words):
            length, places = self._at(words, first, hints, capitals)
            found += places
            first += length
        return _narrowed(found)

    def meant(self, text: str, hints: Hints) -> tuple[Place, ...]:
        """Return the places that the answer to "where?" may mean, at most MOST_MEANT; nothing where it means none."""
        said = self.named(text, hints)
        words = normalise(text).split()
        name = "".join([word for word in words if word not in hints.all])
        if said or not name:
            return said
        places = self._named.get(name) or self._begun(name) or self._guessed(name, NEARLY_ALIKE)
        if not places:
            nearest = [self._guessed(each, ALIKE) for each in _runs(words)]
            places = max(nearest, key=len, default=())
        places = _narrowed(_of_kind(places, words, hints))
        return places if len(places) <= MOST_MEANT else ()

    def _at(
        self, words: Sequence[str], first: int, hints: Hints, capitals: Collection[str]
    ) -> tuple[int, tuple[Place, ...]]:
        """Return how many words a name has that begins with the word `first`, and its places; 1 and nothing if none."""
        pointed = first > 0 and words[first - 1] in hints.before
        alone = hints.all.issuperset(words[:first])
        for length in range(min(LONGEST_NAME, len(words) - first), 0, -1):
            name = "".join(words[first : first + length])
            after = words[first + length : first + length + 1]
            around = [*words[max(first - 2, 0) : first], *after]
            marked = any(word in hints.county or word in hints.city for word in around)
            whole = alone and hints.all.issuperset(words[first + length :])
            places = self._named.get(name, ())
            if places and (name in self._words_too or len(name) <= SHORT):
                told = marked or whole or (pointed and len(name) > SHORT) or name in capitals
                places = places if told else ()
            elif not places and (marked or whole or pointed) and hints.all.isdisjoint(words[first : first + length]):
                guessed = self._guessed(name, ALIKE) if whole or len(name) >= SHORTEST_AMONG_OTHERS else ()
                places = guessed if len(guessed) == 1 or whole else ()
            if places:
                return length, _of_kind(places, around, hints)
        return 1, ()

    def _guessed(self, name: str, least: float) -> tuple[Place, ...]:
        """Return the places whose names are most alike to a mistyped one."""
        if len(name) < SHORTEST_GUESSED:
            return ()
        found = process.extract(name, self._long, scorer=fuzz.ratio, score_cutoff=least, limit=MOST_MEANT + 1)
        best = max((score for _, score, _ in found), default=0)
        near = [known for known, score, _ in found if score >= best - AS_GOOD]
        return tuple(dict.fromkeys(place for known in near for place in self._named[known]))

    def _begun(self, name: str) -> tuple[Place, ...]:
        """Return the places whose names begin so."""
        begun = [known for known in self._long if known.startswith(name)] if len(name) > SHORT else []
        return tuple(dict.fromkeys(place for known in begun for place in self._named[known]))


def joined(name: str) -> str:
    """Return a name as it is compared: normalised, without spaces."""
    return normalise(name).replace(" ", "")


def _runs(words: Sequence[str]) -> Iterable[str]:
    for length in range(min(LONGEST_NAME, len(words)), 0, -1):
        for first in range(len(words) - length + 1):
            yield "".join(words[first : first + length])


def _of_kind(places: Sequence[Place], around: Collection[str], hints: Hints) -> tuple[Place, ...]:
    """Return the counties of them where the words around say county, and the cities where they say city."""
    counties = [each for each in places if each.kind == "county"]
    others = [each for each in places if each.kind != "county"]
    if counties and any(word in hints.county for word in around):
        return tuple(counties)
    if others and any(word in hints.city for word in around):
        return tuple(others)
    return tuple(places)


def _narrowed(places: Sequence[Place]) -> tuple[Place, ...]:
    """Return them each once; a county stands for the city that bears its name, and gives way to its other places."""
    counties = {each.name for each in places if each.kind == "county"}
    kept = [each for each in places if each.kind == "county" or not (each.name == each.county in counties)]
    within = {each.county for each in kept if each.kind != "county"}
    return tuple(dict.fromkeys(each for each in kept if each.kind != "county" or each.county not in within))
