"""What journeys begin with: an empty database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import World


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[World]:
    """Yield a world without any account."""
    made = World(tmp_path)
    yield made
    made.close()
