"""Ports for servers that tests start."""

import secrets
import socket

# Below the range that systems give to outgoing connections: one of those could take the port
# before whoever asked for it listens.
LOWEST = 15_000
COUNT = 15_000


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    for _ in range(100):
        port = LOWEST + secrets.randbelow(COUNT)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
