"""What tests of the delivery share: a mail server that takes letters when the test lets it."""

import pytest

from tests.delivery.stand_ins import Attempts
from tests.world import World


@pytest.fixture
def post(world: World) -> Attempts:
    """Return the world's mail server."""
    world.letterbox = Attempts(world)
    return world.letterbox
