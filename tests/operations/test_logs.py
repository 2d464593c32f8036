"""The logs: one line an event, whatever it holds, with the trace of its message."""

import json
import logging
import sys

import pytest

from bot.operations.logs import AsJson, AsText
from core import tracing

NASTY = "first\nsecond\r\x1b[31mred\u2028third\x85"


def record(message: str, *, crashed: bool = False) -> logging.LogRecord:
    """Return what a logger hands to its handler."""
    fault = None
    if crashed:
        try:
            raise ZeroDivisionError("nothing\nelse")
        except ZeroDivisionError:
            fault = sys.exc_info()
    return logging.LogRecord("bot.test", logging.WARNING, __file__, 1, "it says %s", (message,), fault)


@pytest.mark.parametrize("crashed", [False, True])
def test_an_event_is_one_json_line_with_its_trace(*, crashed: bool) -> None:
    with tracing.following("telegram:4711"):
        line = AsJson().format(record(NASTY, crashed=crashed))
    assert len(line.splitlines()) == 1
    told = json.loads(line)
    assert (told["event"], told["level"], told["logger"], told["trace"]) == (
        f"it says {NASTY}",
        "warning",
        "bot.test",
        "telegram:4711",
    )
    assert ("ZeroDivisionError" in told.get("fault", "")) is crashed
    assert told["at"].endswith("+00:00")


def test_a_line_of_text_stays_one_line_and_moves_no_cursor() -> None:
    line = AsText().format(record(NASTY))
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line
    assert "[" not in AsText().format(record("nothing"))


def test_a_trace_ends_with_what_it_followed() -> None:
    with tracing.following("outer"):
        with tracing.following("inner"):
            assert tracing.current() == "inner"
        assert tracing.current() == "outer"
    assert tracing.current() == ""
