"""A tongue: what a language's words have in common (their stems, and other words for the same), and what joins two."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from threading import Lock

import snowballstemmer
from babel import Locale, UnknownLocaleError

from knowledge.text import normalise
from knowledge.text import stem as english_stem

ENGLISH = "en"
JOINING = frozenset({"and", "also", "plus"})

MOST_STEMS = 16_384
"""Stems that are kept: most words come again."""


class Tongue:
    """How the words of one language are compared. Immutable; threads may share it."""

    def __init__(
        self, code: str, terms: Mapping[str, frozenset[str]] | None = None, joining: frozenset[str] = JOINING
    ) -> None:
        """`terms` has for a word others that mean the same here, in whatever language they are typed; all normalised.

        `joining` are words that may join two questions. A language that has no stemmer is compared by whole words.
        """
        self.code = code
        self.joining = joining
        terms = terms or {}
        self.key = repr((code, sorted((term, sorted(said)) for term, said in terms.items()))).encode()
        plain = english_stem if code == ENGLISH else _snowball(code)
        meant = {plain(said): plain(term) for term, others in terms.items() for said in others}

        @lru_cache(maxsize=MOST_STEMS)
        def stem(word: str) -> str:
            root = plain(word)
            return meant.get(root, root)

        self.stem: Callable[[str], str] = stem
        """Returns what all forms of a normalised word have in common, and all words that mean the same here."""


def _snowball(code: str) -> Callable[[str], str]:
    """Return the stemmer of a language by its code, one that changes nothing where there is none.

    Its stems lose their accents, as normalised words have none.
    """
    try:
        name = (Locale.parse(code, sep="-").get_language_name("en") or "").casefold()
    except (UnknownLocaleError, ValueError):
        name = ""
    if name not in snowballstemmer.algorithms():
        return str
    stemmer, lock = snowballstemmer.stemmer(name), Lock()

    def stem(word: str) -> str:
        with lock:  # a stemmer keeps the word that it works on
            return normalise(stemmer.stemWord(word)) or word

    return stem
