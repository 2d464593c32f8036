"""The shapes of the knowledge files; a shape's docstring and a field's description say what to write instead."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, RootModel, ValidationInfo
from pydantic_core import PydanticCustomError

from knowledge.problems import suggestion
from knowledge.template import Template
from knowledge.text import normalise

MAX_ANSWER = 900
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Known:
    """What one file may name of others. A set that is None could not be read, so nothing is said against its names."""

    facts: Mapping[str, str] | None = None
    sources: Collection[str] | None = None
    actions: Collection[str] | None = None
    entries: Collection[str] | None = None
    today: date | None = None


def wrong(what: str, mend: str) -> PydanticCustomError:
    """What a validator raises: what is wrong, and what to write instead."""
    return PydanticCustomError("knowledge", "{what}", {"what": what, "mend": mend})


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_]{0,63}", text):
        raise wrong(f"`{text[:80]}` is not a name", "use lower-case letters, digits and _, 64 at most")
    return text


def _fact_name(text: str) -> str:
    if not text[:1].isalpha():
        raise wrong(f"`{text[:80]}` is not the name of a fact", "begin it with a letter")
    return _name(text)


def _text(text: str) -> str:
    if not text.strip():
        raise wrong("this text is empty", "write something, or remove it")
    return text.strip()


def _said(text: str) -> str:
    if not normalise(text):
        raise wrong(f"nothing is left of `{text}` once punctuation is taken away", "write a word, or remove it")
    return text


def _template(text: str) -> str:
    try:
        Template.parse(text)
    except ValueError as error:
        mend = "write {name} in lower case for a fact, {{ and }} for braces that are meant"
        raise wrong(f"a brace stands alone in “{error}”", mend) from error
    return text


def _facts_only(text: str, info: ValidationInfo[Known]) -> str:
    facts = info.context.facts
    if facts is None:
        return text
    strangers = sorted(Template.parse(text).names - facts.keys())
    if strangers:
        names = ", ".join(f"`{{{name}}}`" for name in strangers)
        mend = suggestion(strangers[0], facts, "add it to facts.yaml, or write {{ for a brace")
        raise wrong(f"{names} {'is no fact' if len(strangers) == 1 else 'are no facts'}", mend)
    return text


def _answer(text: str, info: ValidationInfo[Known]) -> str:
    if info.context.facts is not None:
        length = len(Template.parse(text).fill(info.context.facts))
        if length > MAX_ANSWER:
            raise wrong(f"the answer has {length} characters", f"shorten it to {MAX_ANSWER}, or make two entries of it")
    for pattern, what, mend in _NOT_IN_ANSWERS:
        if re.search(pattern, text, re.MULTILINE):
            raise wrong(f"the answer has {what}, which not every channel can show", mend)
    return text


_NOT_IN_ANSWERS = (
    (r"^ {0,3}#{1,6} ", "a heading", "write it in **bold**"),
    (r"`", "code", "put the words in **bold** or in quotes"),
    (r"</?[A-Za-z][^>]{0,200}>", "HTML", "leave it out"),
    (r"^ *\|.*\|", "a table", "write a list"),
    (r"\]\(", "a link with a text of its own", "write the plain address"),
)


def _scalar(value: object) -> object:
    if value in (None, "") or isinstance(value, bool | date | list | dict):
        raise wrong("the value of a fact is text or a whole number", 'write it in quotes: "…"')
    return value


def _not_in_future(day: date, info: ValidationInfo[Known]) -> date:
    today = info.context.today
    if today is not None and day > today:
        raise wrong(f"{day} lies in the future", f"write the day it was done, {today} at the latest")
    return day


def _source(name: str, info: ValidationInfo[Known]) -> str:
    return _one_of(name, info.context.sources, "source in sources.yaml", "add it there")


def _action(name: str, info: ValidationInfo[Known]) -> str:
    return _one_of(name, info.context.actions, "action (a file in flows/)", "name a file in flows/ without .yaml")


def _entry_id(name: str, info: ValidationInfo[Known]) -> str:
    return _one_of(name, info.context.entries, "entry", "name the id of an entry")


def _example_of(name: str, info: ValidationInfo[Known]) -> str:
    return name if name == UNKNOWN else _entry_id(name, info)


def _one_of(name: str, known: Collection[str] | None, noun: str, mend: str) -> str:
    if known is not None and name not in known:
        raise wrong(f"`{name}` is no {noun}", suggestion(name, known, mend))
    return name


Name = Annotated[str, AfterValidator(_name)]
Text = Annotated[str, AfterValidator(_text)]
Said = Annotated[Text, AfterValidator(_said)]
Wording = Annotated[Text, AfterValidator(_template)]
Label = Annotated[Wording, AfterValidator(_facts_only)]
PastDay = Annotated[date, AfterValidator(_not_in_future)]
SourceId = Annotated[str, AfterValidator(_source)]


class Shape(BaseModel):
    """A mapping with the keys of its fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class EntryShape(Shape):
    """an entry: `- id: …` with question, also, answer, source and reviewed below it"""

    id: Name = Field(description="write `id: some_name`")
    question: Text = Field(description="write `question: …`, the question as one would ask it")
    also: list[Text] = Field(min_length=1, description="write `also:` and below it `- ` with another way to ask")
    answer: Annotated[Label, AfterValidator(_answer)] = Field(
        description="write `answer: |` and the text in the next lines, indented"
    )
    offer: list[Annotated[str, AfterValidator(_action)]] = Field(
        default_factory=list, description="write actions in brackets: [reset_password]"
    )
    see: list[Annotated[str, AfterValidator(_entry_id)]] = Field(
        default_factory=list, description="write ids of entries in brackets: [forgot_password]"
    )
    source: list[SourceId] = Field(min_length=1, description='write ids of sources in brackets: ["002"]')
    reviewed: PastDay = Field(description="write the day of the last review as 2026-11-21")


class EntriesFile(RootModel[Annotated[list[EntryShape], Field(min_length=1)]]):
    """a list of entries, each beginning with `- id: …`"""

    model_config = ConfigDict(strict=True)


class RulingShape(Shape):
    """a ruling, with date and reason"""

    date: PastDay = Field(description="write the day of the ruling as 2026-11-21")
    reason: Text = Field(description="write why this source is followed and not the other")


class FactShape(Shape):
    """a fact, with value and source"""

    value: Annotated[str | int, BeforeValidator(_scalar)] = Field(description="write the value, as `value: 30`")
    source: list[SourceId] = Field(min_length=1, description='write ids of sources in brackets: ["002"]')
    ruling: RulingShape | None = Field(default=None, description="write `date:` and `reason:` below it")


class FactsFile(RootModel[dict[Annotated[str, AfterValidator(_fact_name)], FactShape]]):
    """names of facts, and below each its value and source"""

    model_config = ConfigDict(strict=True)


class SourceShape(Shape):
    """a source, with title and version"""

    title: Text = Field(description="write the document's title")
    version: Text = Field(description="write which version or copy it is")
    address: Text = Field(default="", description="write where it is, https://…")


class SourcesFile(RootModel[dict[Name, SourceShape]]):
    """ids of sources, and below each its title and version"""

    model_config = ConfigDict(strict=True)


class FlowFile(Shape):
    """title, and what the flow says under start, ask, options and say"""

    title: Label = Field(description="write `title: …`, the action in a few words")
    start: list[Said] = Field(default_factory=list, description="write `start:` and below it `- ` with what starts it")
    ask: dict[Name, Wording] = Field(default_factory=dict, description="write a key and its question: `address: …`")
    options: dict[Name, dict[Name, Label]] = Field(
        default_factory=dict, description="write the question's key, and below it an option and its label: `again: …`"
    )
    say: dict[Name, Wording] = Field(default_factory=dict, description="write a key and its sentence: `sent: …`")


class LetterFile(Shape):
    """subject, body and what to do if it was not you"""

    subject: Wording = Field(description="write `subject: …`")
    body: Wording = Field(description="write `body: |` and the letter in the next lines, indented")
    button: Annotated[str, AfterValidator(_template)] = Field(
        default="", description="write `button: …`, what the letter's own link does, in a few words"
    )
    not_me: Wording = Field(description="write `not_me: …`, what to do if it was not you who asked for this")


class PhrasesFile(RootModel[dict[Name, Wording]]):
    """keys of phrases, each with its text: `greeting: …`"""

    model_config = ConfigDict(strict=True)


class WordsFile(RootModel[dict[Name, Annotated[list[Said], Field(min_length=1)]]]):
    """control words, and below each `- ` with one way to say it"""

    model_config = ConfigDict(strict=True)


class ExampleShape(Shape):
    """an example: `- text: …` with entry below it"""

    text: Text = Field(description="write `text: …`, the question as somebody asked it")
    entry: Annotated[str, AfterValidator(_example_of)] = Field(description="write the id of the entry that answers it")


class ExamplesFile(RootModel[list[ExampleShape]]):
    """a list of examples, each with text and entry"""

    model_config = ConfigDict(strict=True)
