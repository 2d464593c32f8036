"""Listening: the pages' port, taken before anything else is started."""

import contextlib
import socket


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at `host` and `port` (0: any free one); OSError when another program has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def listen_near(host: str, port: int) -> socket.socket:
    """Return a socket that listens at `port`, or at any free one where that is taken."""
    with contextlib.suppress(OSError):
        return listen(host, port)
    return listen(host, 0)
