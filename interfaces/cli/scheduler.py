"""`ais scheduler`: processes, relays and deadlines."""

import uvloop

from interfaces import composition
from interfaces.cli import running
from interfaces.web import report
from interfaces.worker.scheduler import Scheduler


def scheduler() -> None:
    """Lead, or wait until no other scheduler leads, until SIGTERM. Configured by AIS_*."""
    uvloop.run(_run())


async def _run() -> None:
    settings = running.configured()
    stop = running.stop_on_signals()
    async with composition.open_core(settings, report=report) as core:
        await Scheduler(core, dsn=settings.database_url).run(stop)
