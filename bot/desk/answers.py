"""Answers of the knowledge base for staff: found by words, put into the reply box, changed before they are sent."""

from dataclasses import dataclass
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


def find(language: Language, words: str, most: int = SHOWN) -> list[Found]:
    """Return the answers that fit the words best: entries that have them all first, then what the matcher thinks."""
    asked = normalise(words[:LONGEST]).split()
    if not asked:
        return []
    faq = {entry.id: entry for entry in language.entries.values() if entry.kind == "faq"}
    having = [entry for entry, words_of in _normalised(language).items() if all(word in words_of for word in asked)]
    ranked = [entry for entry, confidence in language.matcher.rank(words[:LONGEST]) if entry in faq and confidence > 0]
    place = {entry: number for number, entry in enumerate(ranked)}
    having.sort(key=lambda entry: place.get(entry, len(place)))
    chosen = list(dict.fromkeys([*ranked[:2], *having, *ranked]))[:most]
    return [Found(entry, faq[entry].question, faq[entry].answer) for entry in chosen]


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
    """Return the route /desk/answers?words=…, for the desk's own script."""

    def answers(visit: Visit) -> Response:
        found = find(site.language, visit.request.query_params.get("words", ""))
        shown = [
            {"id": each.id, "question": each.question, "answer": each.answer, "html": site.rendered(each.answer)}
            for each in found
        ]
        return JSONResponse(shown)

    return [Route("/desk/answers", site.visited(answers))]
