"""Charts: bars as their template draws them, so many units wide and high, for light and dark."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 480, 200
LEFT, TOP, BOTTOM = 44, 10, 24  # what labels take at the edges
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar: what it is counts under a key, which names its colour and its label."""

    key: str
    number: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of pieces on each other; `is_named` says whether there is room for its label below."""

    label: str
    x: float
    width: float
    parts: tuple[Part, ...]
    is_named: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart; `lines` are the numbers at its left edge, each with its height on the picture."""

    keys: tuple[str, ...]
    bars: tuple[Bar, ...]
    lines: tuple[tuple[int, float], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT


def chart(keys: Sequence[str], labels: Sequence[str], numbers: Sequence[Sequence[int]], named: int = 4) -> Chart:
    """Return a chart with a bar for each label, made of a number for each key; about `named` of them have a label."""
    most = max((sum(each) for each in numbers), default=0)
    step = _step(most)
    top = max(-(-most // step), 1) * step
    scale = (HEIGHT - TOP - BOTTOM) / top
    room = (WIDTH - LEFT) / max(len(labels), 1)
    every = max(-(-len(labels) // named), 1)
    bars = tuple(
        Bar(
            label,
            round(LEFT + (place + 0.1) * room, 1),
            round(room * 0.8, 1),
            _parts(keys, of_label, scale),
            place % every == 0,
        )
        for place, (label, of_label) in enumerate(zip(labels, numbers, strict=True))
    )
    lines = tuple((number, round(HEIGHT - BOTTOM - number * scale, 1)) for number in range(0, top + 1, step))
    return Chart(tuple(keys), bars, lines)


def _parts(keys: Sequence[str], numbers: Sequence[int], scale: float) -> tuple[Part, ...]:
    parts: list[Part] = []
    below = 0
    for key, number in zip(keys, numbers, strict=True):
        below += number
        parts.append(Part(key, number, round(HEIGHT - BOTTOM - below * scale, 1), round(number * scale, 1)))
    return tuple(parts)


def _step(most: int) -> int:
    """Return the distance of the lines: a round number, so that there are four of them or fewer."""
    size = 1
    while True:
        for step in _STEPS:
            if most <= 4 * step * size:
                return step * size
        size *= 10
