"""What the tests of knowledge share."""

from pathlib import Path

import pytest

from tests.knowledge.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "knowledge")
