"""What an editor gets from `cersbot knowledge check` and `cersbot knowledge match --jsonl`."""

import json

import pytest

from knowledge.editing import LineError, check, match_lines
from tests.knowledge.shelf import SERVICE, TODAY, Shelf


def test_a_check_counts_entries_and_phrasings_when_all_is_well(shelf: Shelf) -> None:
    report = check(shelf.folder, service=SERVICE, today=TODAY)
    assert report.lines == ("en: 3 entries, 8 phrasings, all well",)
    assert report.well


def test_a_check_has_one_line_for_each_problem(shelf: Shelf) -> None:
    shelf.change("en/words.yaml", "[no, nope]", "no")
    shelf.change("facts.yaml", "value: 15", "value: 16")
    report = check(shelf.folder, service=SERVICE, enforced={"wait_minutes": 15}, today=TODAY)
    assert [line.partition(";")[0] for line in report.lines] == [
        "en/words.yaml:2:5: `no` must be a list",
        "facts.yaml:2:10: `wait_minutes` says 16, and the system enforces 15",
    ]
    assert not report.well


def test_each_line_is_matched_to_at_least_three_entries_best_first(shelf: Shelf) -> None:
    english = shelf.load().language("en")
    texts = ["what was my login name again", "", "тест 🤖\x00\u202e", "a" * 100_000, "\ud800"]
    lines = list(match_lines(english, (json.dumps(text) for text in texts)))
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
    ("line", "said"),
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
def test_a_line_that_is_no_json_string_is_named_by_its_number(shelf: Shelf, line: str, said: str) -> None:
    answers = match_lines(shelf.load().language("en"), ['"no mail"', line])
    assert json.loads(next(answers))["entries"]
    with pytest.raises(LineError, match=said):
        next(answers)
