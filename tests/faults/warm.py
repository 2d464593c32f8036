"""For a fork server to import: its processes find the service imported, and its knowledge ready to match."""

from tests.faults import worker_process  # noqa: F401
from tests.world import library

library().language("en").matcher.match("warm")
