"""What one language has and another lacks, and texts whose facts differ: the languages of a library side by side."""

from collections.abc import Iterator, Mapping

from knowledge.editing.places import Places, remark
from knowledge.language import Entry, Language
from knowledge.problems import Problem


def differences(first: Language, other: Language, places: Mapping[str, Places]) -> Iterator[Problem]:
    """Yield what the `other` language lacks or says otherwise than the first, and what it alone has."""
    for one, two in ((first, other), (other, first)):
        for name in sorted(one.entries.keys() - two.entries.keys()):
            what = f"{two.name} has no entry `{name}`"
            yield remark(places[one.code].entry(name), what, f"write it in {two.code}/, or remove it here")
    for name in sorted(first.entries.keys() & other.entries.keys()):
        yield from _of_entry(first.entries[name], other.entries[name], first, places[other.code])
    ours, theirs = _texts(first), _texts(other)
    for place in sorted(theirs.keys() - ours.keys()):
        yield remark(_file(other, place), f"{first.name} has no `{_key(place)}`", "remove it, or write it there too")
    for place in sorted(ours.keys() - theirs.keys()):
        yield remark(_file(other, place), f"`{_key(place)}` is missing, which {first.name} has", "write it")
    for place in sorted(ours.keys() & theirs.keys()):
        if ours[place] != theirs[place]:
            what = f"`{_key(place)}` {_differing(ours[place], theirs[place], first)}"
            yield remark(_file(other, place), what, _MEND)


_MEND = "state the same facts and fields in both"


def _of_entry(first: Entry, other: Entry, language: Language, places: Places) -> Iterator[Problem]:
    if first.facts != other.facts:
        what = f"the answer of `{first.id}` {_differing(first.facts, other.facts, language)}"
        yield remark(places.part(first.id, "answer"), what, _MEND)
    for key, ours, theirs in (
        ("offer", first.offer, other.offer),
        ("see", first.see, other.see),
        ("source", first.source, other.source),
    ):
        if ours != theirs:
            what = f"`{key}` of `{first.id}` is [{', '.join(theirs)}], and in {language.name} [{', '.join(ours)}]"
            yield remark(places.part(first.id, key), what, "make them the same")


def _differing(ours: frozenset[str], theirs: frozenset[str], language: Language) -> str:
    missing = [f"does not state {{{name}}}, as {language.name} does" for name in sorted(ours - theirs)]
    extra = [f"states {{{name}}}, which {language.name} does not" for name in sorted(theirs - ours)]
    return "; and ".join((*missing, *extra))


def _texts(language: Language) -> dict[str, frozenset[str]]:
    """Where each text beside the answers is -> every name in braces in it, facts among them; no empty ones."""
    places = {"phrases": language.phrases, "pages": language.pages, "desk": language.desk}
    for name, flow in language.flows.items():
        places |= {f"flows/{name} ask": flow.asks, f"flows/{name} say": flow.says}
    places |= {f"letters/{name}": letter for name, letter in language.letters.items()}
    written = ((f"{place} {key}", text) for place, all_of in places.items() for key, text in all_of.texts.items())
    return {place: text.names for place, text in written if text.text}


def _file(language: Language, place: str) -> tuple[str, int, int]:
    return f"{language.code}/{place.partition(' ')[0]}.yaml", 1, 1


def _key(place: str) -> str:
    return place.partition(" ")[2]
