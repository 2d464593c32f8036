"""How far the matcher may be trusted, measured on the shipped phrasings."""

import pytest

from tests import matching
from tests.benchmarks.accuracy import figures, held_out, own_pairs


@pytest.fixture(scope="module")
def cross_validated() -> dict[str, float]:
    """Return what held-out phrasings come to, of twenty an entry: the fit is the same, and ten times as fast."""
    pairs = own_pairs()
    few = [pair for entry in dict(pairs) for pair in [each for each in pairs if each[0] == entry][:20]]
    return figures(held_out(few, 0, matching.encoder()))


@pytest.mark.parametrize(
    ("figure", "least"),
    [
        ("right first", 0.73),
        ("among three", 0.90),
        ("sure and right", 0.36),
        ("unknown: admitted", 0.35),
        ("unknown: AUROC", 0.82),
    ],
)
def test_held_out_phrasings_of_the_own_knowledge_are_found(
    cross_validated: dict[str, float], figure: str, least: float
) -> None:
    assert cross_validated[figure] >= least


@pytest.mark.parametrize(("figure", "most"), [("sure and wrong", 0.045), ("unknown: answered", 0.15)])
def test_what_is_sure_is_seldom_wrong(cross_validated: dict[str, float], figure: str, most: float) -> None:
    assert cross_validated[figure] <= most


def test_confidence_is_honest(cross_validated: dict[str, float]) -> None:
    assert cross_validated["mean confidence"] == pytest.approx(cross_validated["right first"], abs=0.05)
