"""Fits are kept by content, and an edited language answers at once what was edited, word for word."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from knowledge.fit_cache import MOST_FITS, FitCache
from knowledge.fitting import Fitting
from knowledge.matcher import Matcher
from knowledge.phrasings import Phrasings
from knowledge.vector_cache import LEFT_SECONDS, write_whole
from tests.knowledge.shelf import Shelf
from tests.knowledge.small import PAIRS
from tests.knowledge.test_editing import teach


def test_the_same_phrasings_are_fitted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fits = FitCache(tmp_path)
    first = Matcher.fit(PAIRS, fits=fits)
    monkeypatch.setattr(Phrasings, "fit", None)
    again = Matcher.fit(iter(PAIRS), fits=FitCache(tmp_path))
    assert again.calibration == first.calibration
    assert [again.rank(text) for _, text in PAIRS] == [first.rank(text) for _, text in PAIRS]


def test_a_held_out_phrasing_was_never_seen_by_what_measures_it(tmp_path: Path) -> None:
    pairs = [*PAIRS, ("upload_rules", "xylophones and quartz")]
    fits = FitCache(tmp_path)
    for _ in range(2):  # fitted, then kept
        matcher = Matcher.fit(pairs, fits=fits)
        assert matcher.match("xylophones and quartz").decision == "answer"
        unseen = {text: (entry, match) for entry, text, match in matcher.held_out()}
        assert len(unseen) == len(pairs)
        entry, match = unseen["xylophones and quartz"]
        assert (entry, match.decision != "answer") == ("upload_rules", True)
        assert sum(entry == match.entries[0][0] for entry, match in unseen.values()) > len(pairs) / 2


def test_other_phrasings_are_fitted_anew_and_few_fits_are_kept(tmp_path: Path) -> None:
    fits = FitCache(tmp_path)
    for number in range(MOST_FITS + 3):
        pairs = [*PAIRS, ("thanks", f"thanks number {number}")]
        assert Matcher.fit(pairs, fits=fits).match(f"thanks number {number}").entries[0][0] == "thanks"
    assert len(list(tmp_path.iterdir())) == MOST_FITS


def test_a_torn_fit_is_fitted_anew(tmp_path: Path) -> None:
    fits = FitCache(tmp_path)
    first = Matcher.fit(PAIRS, fits=fits)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    again = Matcher.fit(PAIRS, fits=fits)
    assert np.allclose([share for _, share in again.rank("upload")], [share for _, share in first.rank("upload")])


def test_where_nothing_can_be_written_the_bot_matches_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert Matcher.fit(PAIRS, fits=FitCache(tmp_path / "file")).match("upload limit").decision == "answer"


def test_an_edit_is_known_word_for_word_before_it_is_learnt(shelf: Shelf) -> None:
    teach(shelf)
    before = shelf.load().language("en")
    assert before.matcher.match("where do the bicycles stand").decision != "answer"
    teach(shelf, {"umbrella": ("where is my umbrella",), "bicycles": ("where do the bicycles stand",)})
    after = replace(shelf.load().language("en"), fitting=Fitting())
    after.begin_with(before)
    match = after.matcher.match("please tell me where do the bicycles stand")
    assert (match.decision, match.entries[0][0]) == ("answer", "bicycles")
    assert "parking" not in dict(after.matcher.rank("where may I park the car"))
    interim = after.matcher
    after.learn()
    assert after.matcher is not interim
    assert after.matcher.rank("bicycles?")[0][0] == "bicycles"


def test_what_was_left_half_written_goes_and_what_is_being_written_stays(tmp_path: Path) -> None:
    file, left, other = tmp_path / "fit-1.npz", tmp_path / f".{'a' * 16}.npz", tmp_path / f".{'b' * 16}.npz"
    for each in (left, other):
        each.write_text("half")
    long_ago = other.stat().st_mtime - LEFT_SECONDS - 1
    os.utime(left, (long_ago, long_ago))
    write_whole(file, lambda beside: beside.write_text("whole"))
    assert sorted(tmp_path.iterdir()) == sorted([other, file])
