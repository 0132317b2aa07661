"""`ais web`: one web process."""

import uvloop

from interfaces.cli import running
from interfaces.web import WebServer


def web(*, port: int | None = None) -> None:
    """Serve HTTP until SIGTERM. Configured by AIS_* variables.

    Parameters
    ----------
    port
        Listen here instead of AIS_PORT.
    """
    settings, _ = running.configured_with_redis()
    server = WebServer(settings, port=settings.port if port is None else port)
    with running.reporting_as("web", settings):
        uvloop.run(server.serve())
