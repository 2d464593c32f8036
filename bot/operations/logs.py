"""The logs: one line an event, as text or as JSON, with the trace of the message that it belongs to."""

import json
import logging
from datetime import UTC, datetime

from core import tracing

# What would begin another line, or move a terminal's cursor, in a line of text.
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), 0x7F, *range(0x80, 0xA0))} | {
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


class AsText(logging.Formatter):
    """A line to read; only a traceback takes more than one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line."""
        trace = tracing.current()
        event = f"{record.levelname} {record.name}{f' [{trace}]' if trace else ''}: {record.getMessage()}"
        line = f"{_moment(record)} {event.translate(_CONTROL)}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class AsJson(logging.Formatter):
    """One JSON object a line, tracebacks and all: `at`, `level`, `logger`, `event`, and `trace` and `fault` if any."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line."""
        told = {
            "at": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            "trace": tracing.current(),
            "fault": self.formatException(record.exc_info) if record.exc_info else "",
        }
        return json.dumps({name: value for name, value in told.items() if value})


FORMATTERS = {"text": AsText, "json": AsJson}


def set_up(kind: str, level: int) -> None:
    """Write the logs to standard error as `text` or `json`: what the bot says from `level` on, libraries' warnings."""
    handler = logging.StreamHandler()
    handler.setFormatter(FORMATTERS[kind]())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("bot").setLevel(level)


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
