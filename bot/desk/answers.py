"""Answers of the knowledge base for staff: found by words, put into the reply box, changed before they are sent."""

from dataclasses import dataclass
from itertools import zip_longest
from weakref import WeakKeyDictionary

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.desk.site import DeskSite, Visit
from knowledge.library import Language
from knowledge.text import normalise

SHOWN = 6
LONGEST = 300
_searched: WeakKeyDictionary[Language, dict[str, str]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Found:
    """An answer that staff may send."""

    id: str
    question: str
    answer: str


def find(language: Language, words: str, most: int = SHOWN, *, theirs: Language | None = None) -> list[Found]:
    """Return the answers that fit the words best: entries that have them all first, then what the matcher thinks.

    They are searched in the desk's language, and in the person's where that is another: the surer one comes first. The
    answers are in the person's language.
    """
    spoken = theirs or language
    searched = [_found(each, words) for each in dict.fromkeys([language, spoken])]
    searched.sort(key=lambda each: -each[0])
    both = [entry for several in zip_longest(*(ids for _, ids in searched)) for entry in several]
    ids = [entry for entry in dict.fromkeys(both) if entry in spoken.entries][:most]
    return [Found(each, spoken.entries[each].question, spoken.entries[each].answer) for each in ids]


def _found(language: Language, words: str) -> tuple[float, list[str]]:
    """Return how sure the best answer is, and the ids of all that fit."""
    asked = normalise(words[:LONGEST]).split()
    if not asked:
        return 0.0, []
    faq = {entry.id: entry for entry in language.entries.values() if entry.kind == "faq"}
    having = [entry for entry, words_of in _normalised(language).items() if all(word in words_of for word in asked)]
    likely = [pair for pair in language.matcher.rank(words[:LONGEST]) if pair[0] in faq and pair[1] > 0]
    ranked = [entry for entry, _ in likely]
    place = {entry: number for number, entry in enumerate(ranked)}
    having.sort(key=lambda entry: place.get(entry, len(place)))
    return max((confidence for _, confidence in likely), default=0.0), list(
        dict.fromkeys([*ranked[:2], *having, *ranked])
    )


def _normalised(language: Language) -> dict[str, str]:
    """Return what each answer is found by, made once a library: a language is immutable."""
    if language not in _searched:
        _searched[language] = {
            entry.id: normalise(f"{entry.id.replace('_', ' ')} {' '.join(entry.phrasings)}")
            for entry in language.entries.values()
            if entry.kind == "faq"
        }
    return _searched[language]


def routes(site: DeskSite) -> list[Route]:
    """Return the route /desk/answers?words=…&language=…, for the desk's own script."""

    def answers(visit: Visit) -> Response:
        asked = visit.request.query_params
        theirs = site.desk.library().language(asked.get("language", ""))
        found = find(site.language, asked.get("words", ""), theirs=theirs)
        shown = [
            {"id": each.id, "question": each.question, "answer": each.answer, "html": site.rendered(each.answer)}
            for each in found
        ]
        return JSONResponse(shown)

    return [Route("/desk/answers", site.visited(answers))]
