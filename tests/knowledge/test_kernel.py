"""What a fit is made of: the blocks that compare texts, the softmax over them, and the folds that measure it."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from knowledge import features as features_module
from knowledge.calibration import folds
from knowledge.features import TfIdfBlock, character_features
from knowledge.features import word_features as features_of_words
from knowledge.softmax import fitted, softmax
from knowledge.text import stem
from tests.knowledge.small import PAIRS, SMALL


def word_features(words: Sequence[str]) -> list[str]:
    """Return the features of English words."""
    return features_of_words(words, stem)


@pytest.mark.parametrize("features", [word_features, character_features])
def test_a_block_compares_a_new_text_as_it_compares_phrasings(features: Callable[[Sequence[str]], list[str]]) -> None:
    phrasings = [phrasing.split() for _, phrasing in PAIRS]
    block = TfIdfBlock(phrasings, features)
    gram = block.table(range(len(phrasings)))
    assert np.allclose(np.diag(gram), 1)
    assert np.allclose(gram, gram.T)
    for row, words in zip(gram, phrasings, strict=True):
        assert np.allclose(row, block.row(words), atol=1e-6)


@pytest.mark.parametrize("features", [word_features, character_features])
def test_the_weights_of_features_score_a_text_as_the_weights_of_phrasings_do(
    features: Callable[[Sequence[str]], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features_module, "FEATURES_AT_ONCE", 7)
    phrasings = [phrasing.split() for _, phrasing in PAIRS]
    block = TfIdfBlock(phrasings, features, range(0, len(phrasings), 2))
    weights = np.random.default_rng(1).normal(size=((len(phrasings) + 1) // 2, 3)).astype(np.float32)
    linear = block.times(weights)
    for words in [*phrasings, ["forgot", "xylophones"], "how do i upload a file".split()]:
        scores = linear.scores(features(words))
        assert scores is not None
        assert np.allclose(scores, block.row(words) @ weights, atol=1e-5)
    assert linear.scores(features(["øøø"])) is None


def test_strange_words_make_a_text_less_similar() -> None:
    block = TfIdfBlock([phrasing.split() for _, phrasing in PAIRS], word_features)
    plain, strange = ["forgot", "password"], ["forgot", "password", "on", "xylophones"]
    assert 0 < block.row(strange).max() < block.row(plain).max()


def test_two_words_and_the_same_word_closed_up_are_one() -> None:
    block = TfIdfBlock([["user", "name"], ["log", "in"]], word_features)
    assert block.row(["username"])[0] > 0
    assert block.row(["login"])[1] > 0


def test_the_softmax_is_fitted_to_its_optimum() -> None:
    phrasings = [phrasing.split() for _, phrasing in PAIRS]
    gram = TfIdfBlock(phrasings, character_features).table(range(len(phrasings)))
    truth = np.array([[entry == each for each in SMALL] for entry, _ in PAIRS], np.float32)
    weights, scores = fitted(lambda matrix: gram @ matrix, truth, 0.3)
    assert np.allclose(scores, gram @ weights, atol=1e-4)
    assert np.allclose(weights, (truth - softmax(scores)) / 0.3, atol=0.02)


def test_every_entry_is_spread_over_the_folds_whatever_else_is_edited() -> None:
    texts = [phrasing for _, phrasing in PAIRS]
    owner = np.array([list(SMALL).index(entry) for entry, _ in PAIRS])
    fold = folds(texts, owner)
    for entry in range(len(SMALL)):
        counts = np.bincount(fold[owner == entry], minlength=5)
        assert counts.max() - counts.min() <= 1
    edited = folds([*texts, "one more"], np.append(owner, len(SMALL) - 1))
    assert (edited[:-7] == fold[:-6]).all()
