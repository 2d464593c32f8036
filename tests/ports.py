"""Ports of this machine that nobody listens at."""

import socket


def free_port() -> int:
    """Return a port that was free just now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
