"""How tests match: as this installation does, its graph, vectors and fits kept in var/ from run to run."""

import os
from functools import cache
from pathlib import Path

import pytest

from knowledge.encoder import Encoder
from knowledge.fitting import Fitting
from knowledge.library import Library
from tests.knowledge.shelf import SERVICE

MATCHING = Path(__file__).parents[1] / "var" / "matching"


@cache
def installed() -> Fitting:
    """Return what this installation has: the sentence encoder, if it could be had."""
    return Fitting.open(MATCHING)


def encoder() -> Encoder:
    """Return the sentence encoder; where there is none the test is skipped, and fails in continuous integration."""
    fitting = installed()
    if fitting.encoder is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no sentence encoder: {fitting.lacking}")
    return fitting.encoder


def fit() -> None:
    """Fit matchers to the shipped knowledge, by meaning and by words alone, unless that was done in a run before."""
    for language in Library.load(service=SERVICE).languages.values():
        for fitting in (installed(), Fitting(None, installed().fits)):
            fitting.matcher(language.pairs, (), language.tongue)


if __name__ == "__main__":
    fit()
