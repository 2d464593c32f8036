"""One language of the library: entries, wording, letters, control words, and the matcher fitted to them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import TYPE_CHECKING, Literal

from knowledge.directory import Directory
from knowledge.fitting import BY_WORDS_ALONE, Fitting
from knowledge.places import Hints, Place
from knowledge.problems import suggestion
from knowledge.wording import FlowWording, LetterText, MissingWordingError, Texts

if TYPE_CHECKING:
    from knowledge.matcher import Matcher


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that people ask or say, and what the bot answers: Markdown, with the facts filled in."""

    id: str
    kind: Literal["faq", "reaction"]
    question: str
    also: tuple[str, ...]
    answer: str
    offer: tuple[str, ...]
    see: tuple[str, ...]
    source: tuple[str, ...]
    reviewed: date

    @property
    def phrasings(self) -> tuple[str, ...]:
        """The question and its other phrasings."""
        return (self.question, *self.also)


@dataclass(frozen=True, slots=True)
class Example:
    """A held-out question with the id of the entry that answers it, or `unknown`."""

    text: str
    entry: str


@dataclass(slots=True)
class Matching:
    """The matcher of a language, once it was asked for: the one thing of a language that changes."""

    lock: Lock = field(default_factory=Lock)
    matcher: "Matcher | None" = None


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Language:
    """Everything that the bot knows and says in one language; immutable."""

    code: str
    name: str
    entries: Mapping[str, Entry]
    words: Mapping[str, frozenset[str]]
    flows: Mapping[str, FlowWording]
    examples: tuple[Example, ...]
    phrases: Texts
    pages: Texts
    desk: Texts
    letters: Mapping[str, Texts]
    fitting: Fitting = BY_WORDS_ALONE
    directory: Directory = field(default_factory=Directory)
    matching: Matching = field(default_factory=Matching, init=False, repr=False)

    @property
    def matcher(self) -> "Matcher":
        """The matcher of every phrasing of every entry; fitted when first asked for, once, whoever asks."""
        matching = self.matching
        if matching.matcher is None:
            with matching.lock:
                if matching.matcher is None:
                    matching.matcher = self.fitted(self.pairs)
        return matching.matcher

    def begin_with(self, before: "Language") -> None:
        """Match at first as the same language did before an edit, with what was edited word for word; see `learn`."""
        if before.matching.matcher is not None:
            self.matching.matcher = before.matching.matcher.taught(self.pairs)

    def learn(self) -> None:
        """Fit the matcher to every phrasing; questions are matched meanwhile by the one that is there."""
        self.matching.matcher = self.fitted(self.pairs)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every phrasing, each with the id of its entry before it."""
        return [(entry.id, phrasing) for entry in self.entries.values() for phrasing in entry.phrasings]

    def fitted(self, pairs: Iterable[tuple[str, str]]) -> "Matcher":
        """Return a matcher fitted to these pairs of entry id and phrasing; it knows the words of the answers, too."""
        return self.fitting.matcher(pairs, (entry.answer for entry in self.entries.values()))

    def places_named(self, text: str) -> tuple[Place, ...]:
        """Return the places of California that a message surely names."""
        return self.directory.places.named(text, self._hints())

    def places_meant(self, text: str) -> tuple[Place, ...]:
        """Return the places that the answer to "where?" may mean."""
        return self.directory.places.meant(text, self._hints())

    def flow(self, name: str) -> FlowWording:
        """The wording of one flow; MissingWordingError if there is none."""
        if name not in self.flows:
            mend = suggestion(name, self.flows, "write that file")
            raise MissingWordingError(f"there is no {self.code}/flows/{name}.yaml; {mend}")
        return self.flows[name]

    def phrase(self, key: str, /, **fields: object) -> str:
        """A phrase, Markdown; text in fields shows literally. MissingWordingError if it or a field is missing."""
        return self.phrases.markdown(key, fields)

    def page_text(self, key: str, /, **fields: object) -> str:
        """A text of the pages for everybody, plain; MissingWordingError if it or a field is missing."""
        return self.pages.filled(key, fields)

    def desk_text(self, key: str, /, **fields: object) -> str:
        """A text of the help desk's pages, plain; MissingWordingError if it or a field is missing."""
        return self.desk.filled(key, fields)

    def letter(self, key: str, /, **fields: object) -> LetterText:
        """A letter, plain text; fields go in as they are. MissingWordingError if it or a field is missing."""
        if key not in self.letters:
            mend = suggestion(key, self.letters, "write that file")
            raise MissingWordingError(f"there is no {self.code}/letters/{key}.yaml; {mend}")
        return LetterText.written(self.letters[key], fields)

    def fields(self) -> dict[str, frozenset[str]]:
        """Where each text is -> the fields that its caller gives, as {"flows/x ask address": {"name"}}."""
        places = {f"phrases {key}": names for key, names in self.phrases.fields().items()}
        places |= {f"pages {key}": names for key, names in self.pages.fields().items()}
        places |= {f"desk {key}": names for key, names in self.desk.fields().items()}
        for name, flow in self.flows.items():
            places |= {f"flows/{name} ask {key}": names for key, names in flow.asks.fields().items()}
            places |= {f"flows/{name} say {key}": names for key, names in flow.says.fields().items()}
            for question, labels in flow.options.items():
                places |= {f"flows/{name} options {question} {option}": frozenset() for option in labels.texts}
        for name, letter in self.letters.items():
            places |= {f"letters/{name} {key}": names for key, names in letter.fields().items()}
        return places

    def _hints(self) -> Hints:
        return Hints(
            *(self.words.get(word, frozenset()) for word in ("before_place", "around_place", "county", "city"))
        )
