"""The trace: one id through a message's whole way, from its arrival to the last letter that it caused, for logs."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("trace", default="")


def current() -> str:
    """Return the trace of what is being done; empty where nobody's message began it."""
    return _current.get()


@contextmanager
def following(trace: str) -> Iterator[None]:
    """Let what is done and logged meanwhile bear this trace, for example `telegram:4711` (channel and its own id)."""
    token = _current.set(trace)
    try:
        yield
    finally:
        _current.reset(token)
