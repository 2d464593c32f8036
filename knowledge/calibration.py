"""How far the matcher may be trusted, measured by cross-validation on the knowledge base itself."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.features import Matrix
from knowledge.softmax import fitted, softmax

FOLDS = 5

SURE_AND_WRONG = 0.03
"""The share of held-out phrasings that may be answered, as sure, with the wrong entry. Of people's questions half as
many are: phrasings are written up to the border of an entry."""

SURE_UNMEASURED = 0.8
"""Confidence that counts as sure where the phrasings are too few to measure SURE_AND_WRONG."""

NEVER_SURE = 0.5
"""Confidence up to which nothing is sure, however well the phrasings of a small knowledge base are told apart."""


@dataclass(frozen=True)
class Calibration:
    """`sharpness` multiplies scores so that their softmax is honest; from `sure` on, a confidence is sure."""

    sharpness: float = 1.0
    sure: float = SURE_UNMEASURED


def folds(texts: Sequence[str], owner: NDArray[np.intp], begins: Sequence[int] | None = None) -> NDArray[np.intp]:
    """Return each phrasing's fold: every entry spread over all, by the text alone, so that an edit moves no other.

    `begins` says, by the number of each entry, with which fold it begins; without it they take turns.
    """
    fold = np.zeros(len(texts), np.intp)
    for entry in np.unique(owner):
        members = np.flatnonzero(owner == entry).tolist()
        members.sort(key=lambda number: (crc32(texts[number]), number))
        fold[members] = (np.arange(len(members)) + (entry if begins is None else begins[entry])) % FOLDS
    return fold


def crc32(text: str) -> int:
    """Return a number that a text has in every process, also one with halves of surrogate pairs."""
    return zlib.crc32(text.encode("utf-8", "replace"))


def held_out_scores(times: Callable[[Matrix], Matrix], truth: Matrix, fold: NDArray[np.intp], penalty: float) -> Matrix:
    """Return each phrasing's scores from a fit that has not seen its fold; one of fold -1 is seen by all."""
    scores = np.zeros_like(truth)
    for number in range(FOLDS):
        held = fold == number
        if held.any() and not held.all():
            seen = np.where(held[:, np.newaxis], np.float32(0), truth)
            scores[held] = fitted(times, seen, penalty)[1][held]
    return scores


def calibrated(scores: Matrix, truth: Matrix, unknown: int | None) -> Calibration:
    """Return the calibration under which held-out scores, with their true entries, would have been honest.

    `unknown` is the column of the class of what is not answered, if there is one: it is never given as an answer, and
    a phrasing of it that is answered was answered wrongly.
    """
    sharpness = _sharpness(scores, truth)
    shares = softmax(np.float32(sharpness) * scores)
    if unknown is not None:
        shares[shares.argmax(axis=1) == unknown] = 0
        shares[:, unknown] = 0
    right = truth[np.arange(len(truth)), shares.argmax(axis=1)] > 0
    return Calibration(sharpness, _sure(shares.max(axis=1), right))


def _sharpness(scores: Matrix, truth: Matrix) -> float:
    """Return the inverse temperature of least log loss, by Newton's method on its logarithm.

    To the phrasings measured one is added, for doubt, that belongs to every entry as much as to any other.
    """
    doubt = np.float32(1 / (len(truth) + 1))
    truth = (1 - doubt) * truth + doubt / np.float32(truth.shape[1])
    scores = scores - scores.max(axis=1, keepdims=True)
    logarithm = 0.0
    for _ in range(20):
        sharpness = np.exp(logarithm)
        shares = softmax(np.float32(sharpness) * scores)
        mean = np.sum(shares * scores, axis=1)
        slope = float(np.sum(mean) - np.sum(scores * truth)) * sharpness
        curvature = float(np.sum(shares * scores * scores) - np.sum(mean * mean)) * sharpness**2
        change = -slope / max(curvature + abs(slope), 1e-9)
        logarithm = float(np.clip(logarithm + np.clip(change, -0.5, 0.5), -3, 3))
        if abs(change) < 1e-3:
            break
    return float(np.exp(logarithm))


def _sure(confidence: NDArray[np.float32], right: NDArray[np.bool_]) -> float:
    """Return the lowest confidence above which wrong ones, and one more for doubt, stay within SURE_AND_WRONG."""
    order = np.argsort(-confidence, kind="stable")
    wrong = (np.cumsum(~right[order]) + 1) / (len(right) + 1)
    within = np.flatnonzero(wrong <= SURE_AND_WRONG)
    if not len(within):
        return SURE_UNMEASURED
    return max(float(confidence[order[within[-1]]]), NEVER_SURE)
