"""The ports of a demo: again those of its last start, so that open checkouts go on working."""

import json
import socket
import time
from pathlib import Path

from interfaces.cli.demo_failed import DemoFailed

FILE = "ports.json"
FIRST, LAST = 8000, 8099
# After a crash the processes of the last start may need a moment to end.
AGAIN_SECONDS = 3.0
POLL_SECONDS = 0.1


def api_port(folder: Path, wanted: int | None, *, host: str) -> int:
    """Return the wanted port, else that of the last start, else the first free one from 8000.

    0 takes any free port. Raises DemoFailed if the wanted one is taken.
    """
    if wanted is not None:
        if _is_free(wanted, host) or _is_free_soon(wanted, host):
            return wanted or any_free(host)
        raise DemoFailed(f"port {wanted} is in use: choose another with --port")
    last = _last(folder).get("api")
    if last is not None and _is_free_soon(last, host):
        return last
    for candidate in range(FIRST, LAST + 1):
        if _is_free(candidate, host):
            return candidate
    raise DemoFailed(f"all ports from {FIRST} to {LAST} are in use: choose another with --port")


def stripe_port(folder: Path) -> tuple[int, int | None]:
    """Return the port for the Stripe simulator, and the one of the last start where it is taken."""
    host = "127.0.0.1"
    last = _last(folder).get("stripe")
    if last is None:
        return any_free(host), None
    return (last, None) if _is_free_soon(last, host) else (any_free(host), last)


def remember(folder: Path, *, api: int, stripe: int) -> None:
    """Keep the ports for the next start on this folder."""
    unfinished = (folder / FILE).with_suffix(".unfinished")
    unfinished.write_text(json.dumps({"api": api, "stripe": stripe}))
    unfinished.rename(folder / FILE)


def any_free(host: str) -> int:
    """Return a port that is free at the moment."""
    with _listening(host, 0) as probe:
        port: int = probe.getsockname()[1]
        return port


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def _last(folder: Path) -> dict[str, int]:
    try:
        kept: dict[str, int] = json.loads((folder / FILE).read_text())
    except (OSError, ValueError):
        return {}
    return kept


def _is_free_soon(port: int, host: str) -> bool:
    end = time.monotonic() + AGAIN_SECONDS
    while not _is_free(port, host):
        if time.monotonic() > end:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _is_free(port: int, host: str) -> bool:
    try:
        _listening(host, port).close()
    except OSError:
        return False
    return True
