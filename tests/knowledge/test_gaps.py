"""What was asked in vain: put together, counted, and each gap with a phrasing whose effect was tried."""

import pytest

from knowledge.editing.gaps import Gap, gaps
from knowledge.language import Language
from tests.knowledge.shelf import Shelf
from tests.knowledge.test_editing import teach

SOUP = ["which dishes are served today", "Which dishes today?", "what dishes do they serve", "dishes served today"]
LOST = ["scarf left behind at the desk", "left my scarf behind", "I left a scarf behind today"]


@pytest.fixture
def english(shelf: Shelf) -> Language:
    teach(shelf)
    shelf.write("en/examples.yaml", "- text: soup at lunch\n  entry: canteen\n- text: car parking\n  entry: parking\n")
    return shelf.load().language("en")


def test_questions_that_ask_the_same_are_one_gap_and_counted(english: Language) -> None:
    found = gaps(english, [*SOUP, *LOST, *SOUP[:2]])
    assert {frozenset(gap.questions) for gap in found} == {
        frozenset({"which dishes are served today", "Which dishes today?", *SOUP[2:]}),
        frozenset(LOST),
    }
    assert sorted(gap.asked for gap in found) == [3, 6]


def test_each_gap_has_a_phrasing_to_add_and_what_it_would_do(english: Language) -> None:
    gap = next(gap for gap in gaps(english, [*SOUP, *SOUP]) if gap.asked == 8)
    assert gap.phrasing == SOUP[0]
    assert gap.entry in english.entries
    assert 2 <= gap.answered_after <= 8
    assert gap.examples_before is not None
    assert gap.examples_after is not None
    lines = "\n".join(gap.lines())
    assert f"add to {gap.entry}:  - which dishes are served today" in lines
    assert f"answered now 0 of 8, with it {gap.answered_after}; examples right first" in lines


def test_what_the_bot_answers_by_now_is_no_gap(english: Language) -> None:
    assert gaps(english, ["is there soup in the canteen!!", "", "?!", "\u200b"]) == []


def test_the_most_useful_gap_comes_first(english: Language) -> None:
    def gap(answered: int, after: float, asked: int) -> Gap:
        return Gap(asked, ("x",), "thanks", 0.5, 0.1, "x", answered, 0.9, after)

    spoils, helps, idle, often = gap(5, 0.8, 9), gap(4, 0.9, 5), gap(1, 0.9, 2), gap(1, 0.9, 7)
    ranked = sorted([idle, spoils, often, helps], key=lambda each: each.gain, reverse=True)
    assert ranked == [helps, often, idle, spoils]


def test_only_as_many_gaps_are_tried_as_were_asked_for(english: Language) -> None:
    assert len(gaps(english, [*SOUP, *LOST], most=1)) == 1


@pytest.mark.parametrize(
    ("asked", "proposed"),
    [
        (["write bob@example.org about dishes"] * 2 + ["write him about dishes"], "write him about dishes"),
        (["ID 12345678 lost dishes"], "ID lost dishes"),
        (["[removed] dishes lost"], "dishes lost"),
        (["dishes\n  on two\tlines"], "dishes on two lines"),
    ],
)
def test_nothing_personal_is_proposed_as_a_phrasing(english: Language, asked: list[str], proposed: str) -> None:
    assert [gap.phrasing for gap in gaps(english, asked)] == [proposed]


def test_of_a_long_story_its_question_is_proposed(english: Language) -> None:
    story = "I came in the morning and it rained. " * 10 + "Which dishes did I miss? It is a pity."
    assert [gap.phrasing for gap in gaps(english, [story])] == ["Which dishes did I miss?"]
    assert [len(gap.phrasing) for gap in gaps(english, ["dishes and more dishes " * 100])] == [199]
