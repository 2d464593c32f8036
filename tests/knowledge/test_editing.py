"""What an editor gets from `cersbot knowledge check`, `try` and `match --jsonl`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from knowledge.editing.checking import Report, check
from knowledge.editing.lines import LineError, match_lines
from knowledge.editing.scoring import Outcome, roughly, scored
from knowledge.editing.trying import explained
from knowledge.matcher import Decision
from tests import matching
from tests.knowledge.shelf import TODAY, Shelf

WAYS = ("please tell me {}", "hello, {}?", "i want to know {}", "{}!!", "good day, {}, thanks", "my boss asks {}")
TAUGHT = {
    "umbrella": ("where is my umbrella", "how do I get the umbrella back", "who has found an umbrella"),
    "parking": ("where may I park the car", "what does the parking place cost", "is the car park open at night"),
    "canteen": ("what is there for lunch", "when does the canteen open", "is there soup in the canteen"),
    "unknown": ("who won the game", "what will the weather be", "how old is the universe"),
}


def teach(shelf: Shelf, taught: Mapping[str, Sequence[str]] = TAUGHT) -> None:
    """Put an entry for each key on the shelf, with every saying in six ways; nothing else is to be learned there."""
    blocks = []
    for entry, sayings in taught.items():
        first, *also = (json.dumps(way.format(saying)) for saying in sayings for way in WAYS)
        lines = "\n".join(f"    - {phrasing}" for phrasing in also)
        blocks.append(
            f"- id: {entry}\n  question: {first}\n  also:\n{lines}\n  answer: Ask at the counter.\n"
            '  source: ["003"]\n  reviewed: 2026-11-21\n'
        )
    shelf.write("en/faq/taught.yaml", "".join(blocks).encode())


def checked(shelf: Shelf, history: Path | None = None, today: date = TODAY) -> Report:
    return check(shelf.folder, lambda folder: shelf.load(), today=today, history=history)


def said(report: Report, words: str) -> list[str]:
    """Return the lines of the report that have these words."""
    return [line for line in report.lines if words in line]


def test_a_check_counts_entries_phrasings_and_examples_when_all_is_well(shelf: Shelf) -> None:
    report = checked(shelf)
    assert report.well
    assert "en: 3 entries, 8 phrasings, 2 examples, no problems" in report.lines


def test_a_check_has_one_line_for_each_problem(shelf: Shelf) -> None:
    shelf.change("en/words.yaml", "[no, nope]", "no")
    shelf.change("facts.yaml", "value: 15", "value: 16")
    report = check(shelf.folder, lambda folder: shelf.load(wait_minutes=15), today=TODAY)
    assert [line.partition(";")[0] for line in report.lines] == [
        "en/words.yaml:2:5: `no` must be a list",
        "facts.yaml:2:10: `wait_minutes` says 16, and the system enforces 15",
    ]
    assert not report.well


def test_one_phrasing_in_two_entries_is_a_problem_though_it_is_written_otherwise(shelf: Shelf) -> None:
    shelf.change("en/reactions/small_talk.yaml", "[thx]", '[thx, "No  mail?"]')
    report = checked(shelf)
    assert not report.well
    assert report.lines == (
        "en/reactions/small_talk.yaml:3:15: `mail_missing` has this phrasing too, but for capitals and punctuation: "
        "“No  mail?”; keep it in the entry that answers it",
    )


def test_an_example_that_is_a_phrasing_is_a_problem(shelf: Shelf) -> None:
    shelf.change("en/examples.yaml", "whats my user name", "Lost my user ID!")
    report = checked(shelf)
    assert not report.well
    assert report.lines[0].startswith(
        "en/examples.yaml:1:3: this example is a phrasing of `forgot_username`, so it measures nothing"
    )


def test_remarks_name_what_could_be_better_and_do_no_harm(shelf: Shelf) -> None:
    shelf.write("facts.yaml", (shelf.folder / "facts.yaml").read_bytes() + b'idle:\n  value: 1\n  source: ["003"]\n')
    shelf.write("sources.yaml", (shelf.folder / "sources.yaml").read_bytes() + b"dusty:\n  title: x\n  version: x\n")
    shelf.change("en/faq/recovery.yaml", "see: [mail_missing]", "see: [forgot_username]")
    shelf.change("en/faq/recovery.yaml", "    - lost my user id", f"    - lost my user id\n    - {'so ' * 200}")
    shelf.change("en/reactions/small_talk.yaml", "You are welcome.", "See https://counter for more.")
    report = checked(shelf, today=date(2027, 11, 21))
    assert report.well
    for words in (
        "facts.yaml:10:1: no text states the fact `idle`; state it, or remove it",
        "sources.yaml:8:1: nothing names the source `dusty`; name it, or remove it",
        "en/faq/recovery.yaml:6:7: this phrasing has 599 characters; shorten it to 500",
        "en/faq/recovery.yaml:10:8: `forgot_username` points to itself",
        "en/reactions/small_talk.yaml:4:11: `https://counter` is no address that opens",
        "en/reactions/small_talk.yaml:1:7: `thanks` has 2 phrasings; write 10 at least, in many voices",
        "`mail_missing` was reviewed on 2026-11-20, more than a year ago; compare the answer with its sources",
    ):
        assert said(report, words), words
    assert not said(report, "`forgot_username` was reviewed")


def test_a_check_shows_ten_remarks_of_a_kind_unless_asked_for_all(shelf: Shelf) -> None:
    teach(shelf, {f"e{number}": (f"say number {number}",) for number in range(20)})
    few = checked(shelf)
    assert len(said(few, "phrasings; write 10")) == 10
    assert said(few, "more like this; --all shows them")
    every = check(shelf.folder, lambda folder: shelf.load(), today=TODAY, shown=1_000)
    assert len(said(every, "phrasings; write 10")) == 23


def test_a_check_measures_how_well_phrasings_and_examples_are_found(shelf: Shelf) -> None:
    teach(shelf)
    report = checked(shelf)
    phrasings, examples = said(report, "right first")
    assert phrasings.startswith("en: phrasings, by a matcher that has not seen them: right first ")
    assert "not ours: admitted" in phrasings
    assert examples.startswith("en: examples: right first ")
    assert said(report, "en: found most seldom: ")


def test_a_check_names_the_entry_that_answers_anothers_phrasing(shelf: Shelf) -> None:
    teach(shelf)
    stray = "please tell me where may I park the car there"
    shelf.change("en/faq/taught.yaml", '    - "is there soup in the canteen!!"', f"    - {stray}")
    line = said(checked(shelf), "`parking` answers this phrasing of `canteen`")[0]
    lines = (shelf.folder / "en/faq/taught.yaml").read_text().splitlines()
    assert line.startswith(f"en/faq/taught.yaml:{lines.index(f'    - {stray}') + 1}:7: ")
    assert f"“{stray}”; move it if it belongs there" in line


def test_a_check_names_the_examples_that_do_not_land(shelf: Shelf) -> None:
    teach(shelf)
    shelf.write("en/examples.yaml", "- text: soup for lunch in the canteen please\n  entry: parking\n")
    line = said(checked(shelf), "this question for `parking`")[0]
    assert line.startswith("en/examples.yaml:1:3: this question for `parking` goes to `canteen`: “soup for lunch")


def test_the_next_check_tells_which_edit_moved_what(shelf: Shelf, tmp_path: Path) -> None:
    history = tmp_path / "var" / "check.json"
    teach(shelf)
    shelf.write("en/examples.yaml", "- text: can I park our car there\n  entry: parking\n")
    assert not said(checked(shelf, history), "since the last check")
    assert said(checked(shelf, history), "since the last check, no phrasing was edited")
    first, *others = TAUGHT["parking"]
    teach(shelf, {**TAUGHT, "umbrella": (*TAUGHT["umbrella"], first), "parking": others})
    report = checked(shelf, history)
    assert said(report, "since the last check, examples right: 100.0% then, 0.0% now")
    assert "“can I park our car there” (parking) goes to umbrella" in said(report, "`umbrella` (6 added): ")[0]
    assert said(report, "since the last check, `parking` (6 removed): ")
    assert said(checked(shelf, history), "since the last check, no phrasing was edited")


def test_a_check_with_problems_leaves_the_last_one_as_it_was(shelf: Shelf, tmp_path: Path) -> None:
    history = tmp_path / "check.json"
    teach(shelf)
    checked(shelf, history)
    kept = history.read_bytes()
    shelf.change("en/words.yaml", "[no, nope]", "no")
    checked(shelf, history)
    assert history.read_bytes() == kept


@pytest.mark.parametrize("torn", [b"", b"{", b'{"en": 3}', b'{"en": [{"a": 1}, {}]}', b"\xff", b"[]"])
def test_a_last_check_that_cannot_be_read_is_as_good_as_none(shelf: Shelf, tmp_path: Path, torn: bytes) -> None:
    history = tmp_path / "check.json"
    history.write_bytes(torn)
    teach(shelf)
    assert not said(checked(shelf, history), "since the last check")
    assert said(checked(shelf, history), "since the last check, no phrasing was edited")


def test_a_score_is_shares_of_questions_with_an_entry_and_of_those_without() -> None:
    def got(entry: str, decision: Decision, *ranked: str) -> Outcome:
        return Outcome(entry, "text", decision, tuple((each, 0.3) for each in ranked))

    score = scored(
        [
            got("a", "answer", "a", "b"),
            got("a", "answer", "b", "a"),
            got("a", "choose", "a", "b"),
            got("a", "choose", "b", "c"),
            got("unknown", "unknown", "a"),
            got("unknown", "answer", "a"),
        ]
    )
    assert (score.questions, score.right_first, score.among_three) == (6, 0.5, 0.75)
    assert (score.sure_right, score.sure_wrong, score.admitted, score.answered) == (0.25, 0.25, 0.5, 0.5)


def test_the_rough_measure_finds_most_of_what_the_matcher_finds() -> None:
    pairs = [(entry, way.format(saying)) for entry, all_ in TAUGHT.items() for saying in all_ for way in WAYS]
    rough, examples = roughly(pairs, [("canteen", "soup at the canteen")])
    assert scored(rough).right_first > 0.9
    assert scored(rough).sure_right is None
    assert [each.first for each in examples] == ["canteen"]


def test_each_line_is_matched_to_at_least_three_entries_best_first(shelf: Shelf) -> None:
    english = shelf.load().language("en")
    texts = ["what was my login name again", "", "тест 🤖\x00\u202e", "a" * 100_000, "\ud800"]
    lines = list(match_lines(lambda text: english, (json.dumps(text) for text in texts)))
    assert len(lines) == len(texts)
    for line in lines:
        answer = json.loads(line)
        assert answer["decision"] in ("answer", "choose", "unknown")
        assert answer["lang"] == "en"
        confidences = [confidence for _, confidence in answer["entries"]]
        assert len(confidences) >= 3
        assert confidences == sorted(confidences, reverse=True)
    assert json.loads(lines[0])["entries"][0][0] == "forgot_username"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("no mail", "line 2 is not JSON; write one text a line in double quotes"),
        ("", "line 2 is not JSON;"),
        ('"half', "line 2 is not JSON;"),
        ("[" * 100_000, "line 2 is not JSON;"),
        ("9" * 10_000, "line 2 is not JSON;"),
        ('{"text": "no mail"}', "line 2 is JSON, but not a string;"),
        ("null", "line 2 is JSON, but not a string;"),
    ],
)
def test_a_line_that_is_no_json_string_is_named_by_its_number(shelf: Shelf, line: str, words: str) -> None:
    english = shelf.load().language("en")
    answers = match_lines(lambda text: english, ['"no mail"', line])
    assert json.loads(next(answers))["entries"]
    with pytest.raises(LineError, match=words):
        next(answers)


def test_a_try_tells_how_a_text_was_read_and_what_would_be_done(shelf: Shelf) -> None:
    teach(shelf)
    lines = list(explained(shelf.load().language("en"), "Where is my UMBRELA please"))
    assert lines[:2] == ["read as: where is my umbrella please", "repaired: umbrela -> umbrella"]
    assert lines[2].startswith("would ")
    assert lines[3].startswith("  1. ")
    assert lines[3].endswith("  umbrella: please tell me where is my umbrella")
    assert lines[-3].endswith("nothing that the bot answers")


@pytest.mark.parametrize("text", ["", "???", "\u202e\u200b", "\ud800", "a" * 100_000])
def test_any_text_can_be_tried(shelf: Shelf, text: str) -> None:
    teach(shelf)
    assert len(list(explained(shelf.load().language("en"), text))) >= 5


def test_a_try_tells_what_each_block_says_alone(shelf: Shelf) -> None:
    teach(shelf)
    lines = list(explained(replace(shelf.load().language("en"), fitting=matching.installed()), "my umbrella"))
    blocks = {name: said for name, _, said in (line.partition(": ") for line in lines[-3:])}
    assert list(blocks) == ["words", "characters", "meaning"]
    assert all(said.startswith("umbrella 0.") for said in blocks.values())


def test_a_try_tells_of_a_second_question(shelf: Shelf) -> None:
    teach(shelf)
    english = replace(shelf.load().language("en"), fitting=matching.installed())
    lines = list(explained(english, f"{TAUGHT['umbrella'][1]}? {TAUGHT['canteen'][2]}?"))
    assert lines[1] == "would answer with the first"
    assert sum(line.startswith("and a second question: ") for line in lines) == 1
