"""For a fork server to import: its processes find the knowledge ready to match."""

from tests.world import library

library().language("en").matcher.match("warm")
