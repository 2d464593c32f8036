"""The labelled questions of the shipped knowledge: enough of each, held out, and found."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from rapidfuzz import fuzz, process

from knowledge.editing.scoring import outcome, scored
from knowledge.language import Language
from knowledge.library import Library
from knowledge.text import normalise
from tests.knowledge.shelf import SERVICE
from tests.matching import installed

ALIKE = 90
"""Likeness, of 100, from which an example says no more than a phrasing."""


@pytest.fixture(scope="module")
def english() -> Language:
    return Library.load(service=SERVICE, today=datetime.now(UTC).date(), fitting=installed()).language("en")


def test_there_are_enough_examples_of_everything(english: Language) -> None:
    count = Counter(example.entry for example in english.examples)
    assert len(english.examples) >= 330
    assert count["unknown"] >= 50
    for entry in english.entries.values():
        assert count[entry.id] >= (8 if entry.kind == "faq" else 4), entry.id


def test_no_example_stands_twice(english: Language) -> None:
    assert not [text for text, count in Counter(normalise(each.text) for each in english.examples).items() if count > 1]


def test_no_example_is_a_phrasing_or_nearly_one(english: Language) -> None:
    phrasings = [normalise(phrasing) for entry in english.entries.values() for phrasing in entry.phrasings]
    near = [
        (example.text, found[0])
        for example in english.examples
        if (found := process.extractOne(normalise(example.text), phrasings, scorer=fuzz.ratio, score_cutoff=ALIKE))
    ]
    assert not near


def test_examples_are_found_and_none_is_surely_taken_for_another(english: Language) -> None:
    score = scored(outcome(english.matcher, example.entry, example.text) for example in english.examples)
    assert score.right_first >= 0.87
    assert score.among_three >= 0.96
    assert score.sure_right is not None
    assert score.sure_right >= 0.65
    assert score.sure_wrong is not None
    assert score.sure_wrong <= 0.02
    assert score.answered is not None
    assert score.answered <= 0.05
