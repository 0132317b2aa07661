"""`ais web`: one web process, for one carrier or for all."""

import uvloop

from interfaces.carriers_web import CarriersServer
from interfaces.cli import running
from interfaces.web import WebServer


def web(*, port: int | None = None) -> None:
    """Serve HTTP until SIGTERM. Configured by AIS_* variables.

    With AIS_CARRIERS and without AIS_CARRIER it serves every carrier of that file, each at the host
    of its AIS_PUBLIC_URL.

    Parameters
    ----------
    port
        Listen here instead of AIS_PORT.
    """
    if carriers := running.configured_carriers():
        settings = next(iter(carriers.values()))
        wanted = settings.port if port is None else port
        server: WebServer = CarriersServer(carriers, port=wanted)
    else:
        settings, _ = running.configured_with_redis()
        server = WebServer(settings, port=settings.port if port is None else port)
    with running.reporting_as("web", running.configured_to_report()):
        uvloop.run(server.serve())
