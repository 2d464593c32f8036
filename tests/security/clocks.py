"""What a clock tells: two actions measured in turn, with the interval of what lies between them, and the noise."""

import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

PAIRS = pytest.mark.parametrize("pairs", [60, pytest.param(1000, marks=pytest.mark.prove)])
MILLISECONDS = 1000
FULL_MS = 2.0


def interval(differences: Sequence[float], seed: random.Random, draws: int = 2000) -> tuple[float, float]:
    """Return the 95% bootstrap interval of the median of paired differences, in milliseconds."""
    medians = sorted(
        statistics.median(seed.choices(differences, k=len(differences)))
        for _ in range(min(draws, 400_000 // len(differences)))
    )
    return medians[int(0.025 * len(medians))] * MILLISECONDS, medians[int(0.975 * len(medians))] * MILLISECONDS


def paired(known: Callable[[], float], unknown: Callable[[], float], pairs: int) -> "Difference":
    """Measure known, unknown and known once more in random order, so often; return what the clock tells of them."""
    seed = random.Random(11)
    told, control = [], []
    for _ in range(pairs):
        order = [0, 1, 2]
        seed.shuffle(order)
        taken = [0.0, 0.0, 0.0]
        for each in order:
            taken[each] = (known, unknown, known)[each]()
        told.append(taken[0] - taken[1])
        control.append(taken[0] - taken[2])
    return Difference(pairs, interval(told, seed), interval(control, seed))


@dataclass(frozen=True)
class Difference:
    """Intervals in milliseconds: of known against unknown, and of known against known, which is the noise."""

    pairs: int
    told: tuple[float, float]
    control: tuple[float, float]

    def __str__(self) -> str:
        """Return both, as the table has them."""
        (low, high), (least, most) = self.told, self.control
        return f"{low:+.2f} to {high:+.2f} ms, {self.pairs} pairs (the same twice: {least:+.2f} to {most:+.2f} ms)"

    def check(self, most: float = FULL_MS) -> None:
        """Check that nothing is to be learnt beyond the noise of the clock."""
        noise = self.control[1] - self.control[0]
        assert -most - noise < self.told[0], self
        assert self.told[1] < most + noise, self
