"""`ais health`: whether the process on this machine answers; for containers and supervisors."""

import http.client
import os
import sys
from typing import Literal

# Seconds. What watches a container waits a little longer.
LIMIT_SECONDS = 5.0
OPERATIONS_PORT = "AIS_OPERATIONS_PORT"
WEB_PORT = "8000"


def health(what: Literal["web", "ready", "process"] = "process", /) -> int:
    """Ask the process with the same settings on this machine; 0 when it answers.

    Parameters
    ----------
    what
        `web`: HTTP is answered; `ready`: it can serve, with database and read models; `process`:
        any role serves its metrics on AIS_OPERATIONS_PORT.
    """
    if what == "process":
        port = os.environ.get(OPERATIONS_PORT)
        if not port:
            print(f"ais health: {OPERATIONS_PORT} is missing", file=sys.stderr)
            return 2
        host, path = os.environ.get("AIS_OPERATIONS_HOST"), "/metrics"
    else:
        port = os.environ.get("AIS_PORT") or WEB_PORT
        host, path = (
            os.environ.get("AIS_HOST"),
            "/health/live" if what == "web" else "/health/ready",
        )
    return _asked(_reachable(host), port, path)


def _reachable(host: str | None) -> str:
    """A process that listens on all addresses is asked on this machine's own."""
    return "127.0.0.1" if not host or host in {"0.0.0.0", "::"} else host  # noqa: S104


def _asked(host: str, port: str, path: str) -> int:
    try:
        connection = http.client.HTTPConnection(host, int(port), timeout=LIMIT_SECONDS)
        connection.request("GET", path, headers={"Host": "localhost"})
        status = connection.getresponse().status
    except (OSError, ValueError, http.client.HTTPException) as error:
        print(f"ais health: {host}:{port}{path}: {type(error).__name__}", file=sys.stderr)
        return 1
    print(f"{path} answers {status}")
    return 0 if status == 200 else 1
