"""What the bot says beside its answers: phrases, the words of a flow, letters."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from knowledge.problems import suggestion
from knowledge.template import Template, as_markdown

_BREAKS_AND_CONTROLS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")


class MissingWordingError(KeyError):
    """A text, or a field of one, is not there: what is missing, and the file that it belongs in."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one place by key. `place` tells an editor where ("en/phrases.yaml"); facts fill themselves in."""

    place: str
    texts: Mapping[str, Template]
    facts: Mapping[str, str]

    def markdown(self, key: str, fields: Mapping[str, object]) -> str:
        """The text with its fields filled in, each shown literally; MissingWordingError if it or a field is missing."""
        literal = {name: as_markdown(value) if isinstance(value, str) else str(value) for name, value in fields.items()}
        return self.filled(key, literal)

    def filled(self, key: str, fields: Mapping[str, object]) -> str:
        """The text with its fields filled in as they are; MissingWordingError if it or a field is missing."""
        template = self.texts.get(key)
        if template is None:
            mend = suggestion(key, self.texts, f"write `{key}: …` there")
            raise MissingWordingError(f"`{key}` is missing in {self.place} ({_given(fields)}); {mend}")
        values = {name: str(value) for name, value in fields.items()}
        missing = template.names - values.keys() - self.facts.keys()
        if missing:
            names = ", ".join(f"{{{name}}}" for name in sorted(missing))
            raise MissingWordingError(f"`{key}` in {self.place} needs {names}, which is no fact ({_given(fields)})")
        return template.fill({**self.facts, **values})

    def fields(self) -> dict[str, frozenset[str]]:
        """Key -> the names in braces that the caller has to give, because no fact bears them."""
        return {key: template.names - self.facts.keys() for key, template in self.texts.items()}


@dataclass(frozen=True, slots=True)
class FlowWording:
    """What one flow says. `title` names it on a button; `start` holds what starts it when said exactly (normalised)."""

    title: str
    start: frozenset[str]
    asks: Texts
    says: Texts
    options: Mapping[str, Texts]

    def ask(self, key: str, /, **fields: object) -> str:
        """The question `key`, Markdown; MissingWordingError if it or a field is missing."""
        return self.asks.markdown(key, fields)

    def say(self, key: str, /, **fields: object) -> str:
        """The sentence `key`, Markdown; MissingWordingError if it or a field is missing."""
        return self.says.markdown(key, fields)

    def option(self, question_key: str, option_id: str) -> str:
        """The label of one option of a question, plain text; MissingWordingError if there is none."""
        labels = self.options.get(question_key)
        if labels is None:
            place = self.asks.place.replace("`ask`", "`options`")
            raise MissingWordingError(f"`{question_key}` is missing in {place}; write `{option_id}: …` below it")
        return labels.filled(option_id, {})

    def has_ask(self, key: str) -> bool:
        """Whether there is a question of this key."""
        return key in self.asks.texts

    def has_option(self, question_key: str, option_id: str) -> bool:
        """Whether this option of this question has a label."""
        return question_key in self.options and option_id in self.options[question_key].texts


@dataclass(frozen=True, slots=True)
class LetterText:
    """A letter ready to send: plain text, and a subject of one line; `not_me` is for who knows nothing of it."""

    subject: str
    body: str
    button: str  # what the letter's own link does
    not_me: str

    @classmethod
    def written(cls, texts: Texts, fields: Mapping[str, object]) -> "LetterText":
        """The letter of these texts with its fields as they are; MissingWordingError if one is missing."""
        subject = _BREAKS_AND_CONTROLS.sub(" ", texts.filled("subject", fields)).strip()
        return cls(subject, *(texts.filled(key, fields) for key in ("body", "button", "not_me")))


def _given(fields: Mapping[str, object]) -> str:
    return f"fields given: {', '.join(sorted(fields)) or 'none'}"
