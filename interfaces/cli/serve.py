"""`ais serve`: web, worker, scheduler and projector in one process."""

import uvloop

from interfaces import serve as one_process
from interfaces.cli import running


def serve(*, port: int | None = None) -> int:
    """Run everything in one process until SIGTERM. Configured by AIS_* variables.

    It needs no Redis: background tasks are carried out from the outbox, and limits are counted in
    this process unless AIS_REDIS_URL is set. The exit code is 1 when a role failed or a read model
    had stopped.

    Parameters
    ----------
    port
        Listen here instead of AIS_PORT.
    """
    settings = running.configured()
    wanted = settings.port if port is None else port
    with running.reporting_as("serve", settings):
        return uvloop.run(one_process.serve(settings, port=wanted))
