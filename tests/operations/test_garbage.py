"""The garbage collector passes over what the bot knows, and what an edit has replaced is no more."""

import gc
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.app import learn, warm_up
from tests.world import library


class Replaced:
    """Something that holds itself, as what an edit has replaced may."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave the collector of this process as it was."""
    thresholds = gc.get_threshold()
    gc.unfreeze()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_a_full_collection_looks_through_nothing_that_was_there_at_the_start() -> None:
    known = len(gc.get_objects())
    warm_up(library(), datetime(2026, 1, 2, tzinfo=UTC))
    assert len(gc.get_objects()) < known / 10


def test_what_an_edit_has_replaced_is_collected() -> None:
    replaced = Replaced()
    gone = weakref.ref(replaced)
    warm_up(library(), datetime(2026, 1, 2, tzinfo=UTC))
    del replaced
    gc.collect()
    assert gone(), "what is passed over is collected"
    learn(library())
    assert not gone()
