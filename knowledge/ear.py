"""The ear: in which language a message is written, told by its own words."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from threading import Lock

from knowledge.language import Language
from knowledge.text import normalise

UNSEEN = 0.3
"""Times that a word counts in a language which never has it."""

SURE = 2.5
"""By how much, in nats, one language has to be likelier than every other; below it nothing is told. Of the held-out
questions of two languages none is heard in the wrong one by it, and two in a hundred in neither."""

SHORTEST = 4
"""Letters of a word that tells something by itself: "la" and "las" may be articles or begin a town's name."""

FEWEST = 2
"""Words that tell something together, where each of them is shorter."""

NOT_SAID_ALONE = frozenset(
    {"innocent", "person_within", "county", "city", "before_place", "around_place", "joining", "username_is"}
)
"""Lists of words that are parts of a message and never the whole of it."""


class Ear:
    """Tells the language of a message. It learns once, when first asked; threads may share it."""

    def __init__(self, languages: Mapping[str, Language]) -> None:
        """Tell these languages apart, by everything that they say and that people say in them."""
        self._languages = languages
        self._lock = Lock()

    def language_of(self, text: str) -> str:
        """Return the code of the language that a message is surely written in, "" where nothing tells it.

        What is said alike in several (an address, a number, "ok", the name of a place) tells nothing.
        """
        if len(self._languages) < 2:
            return ""
        plain = normalise(" ".join(word for word in text.split() if "@" not in word and "/" not in word))
        with self._lock:
            learnt = self._learnt
        whole = learnt.whole.get(plain)
        if whole is not None and len(whole) == 1:
            return next(iter(whole))
        return learnt.likeliest(_without(plain.split(), learnt.names))

    @cached_property
    def _learnt(self) -> "_Learnt":
        names = {
            tuple(normalise(name).split())
            for language in self._languages.values()
            for name in (*language.directory.county_of, *language.directory.county_of.values())
        }
        return _Learnt(self._languages, frozenset(name for name in names if len(name) > 1))


class _Learnt:
    """What is said in each language: whole messages, and how often each word."""

    def __init__(self, languages: Mapping[str, Language], names: frozenset[tuple[str, ...]]) -> None:
        self.names = names
        self.whole: dict[str, set[str]] = {}
        counts: dict[str, Counter[str]] = {}
        for code, language in languages.items():
            for said in _said_whole(language):
                self.whole.setdefault(said, set()).add(code)
            counts[code] = Counter(word for text in _texts(language) for word in normalise(text).split())
        words = {word for count in counts.values() for word in count if word.isalpha()}
        self._likelihood: dict[str, tuple[float, ...]] = {}
        totals = [count.total() + UNSEEN * len(words) for count in counts.values()]
        for word in words:
            self._likelihood[word] = tuple(
                math.log((count[word] + UNSEEN) / total) for count, total in zip(counts.values(), totals, strict=True)
            )
        self._codes = tuple(counts)

    def likeliest(self, words: Sequence[str]) -> str:
        """Return the code of the language in which these words are surely likelier than in every other, or nothing."""
        known = [word for word in words if word in self._likelihood]
        if len(known) < FEWEST and not any(len(word) >= SHORTEST for word in known):
            return ""
        sums = [math.fsum(column) for column in zip(*map(self._likelihood.__getitem__, known), strict=True)]
        best, second = sorted(sums, reverse=True)[:2]
        return self._codes[sums.index(best)] if best - second >= SURE else ""


def _said_whole(language: Language) -> Iterable[str]:
    """Yield what people may say as a whole message, normalised."""
    for word, said in language.words.items():
        if word not in NOT_SAID_ALONE:
            yield from said
    for wording in language.flows.values():
        yield from wording.start
        yield normalise(wording.title)
    for entry in language.entries.values():
        yield from map(normalise, entry.phrasings)


def _texts(language: Language) -> Iterable[str]:
    """Yield everything that is said in a language, by people and by the bot."""
    for entry in language.entries.values():
        yield from (*entry.phrasings, entry.answer)
    for said in language.words.values():
        yield from said
    for texts in (language.phrases, *language.letters.values()):
        yield from (each.text for each in texts.texts.values())
    for wording in language.flows.values():
        yield from (each.text for texts in (wording.asks, wording.says) for each in texts.texts.values())


def _without(words: Sequence[str], names: frozenset[tuple[str, ...]]) -> list[str]:
    """Return the words but those of a place's name: "Los Angeles" is no Spanish."""
    longest = max(map(len, names), default=1)
    kept: list[str] = []
    place = 0
    while place < len(words):
        lengths = range(min(longest, len(words) - place), 1, -1)
        length = next((each for each in lengths if tuple(words[place : place + each]) in names), 0)
        if not length:
            kept.append(words[place])
        place += length or 1
    return kept
