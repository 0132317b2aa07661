"""All roles in one process and one event loop: for an airline that needs no more.

Two such processes work beside each other: both serve HTTP, one of them leads as scheduler and
carries out the background tasks; read models have a leader each.
"""

import asyncio

from interfaces import composition, roles
from interfaces.composition import Core
from interfaces.settings import Settings
from interfaces.web import WebServer, report
from interfaces.worker.local_queue import LocalQueue
from interfaces.worker.scheduler import Scheduler


async def serve(settings: Settings, *, port: int) -> int:
    """Run all roles until a signal; return 1 if a read model had stopped, else 0.

    Raises a group of errors when a role failed. What is under way is finished within the bounds
    of each role, all within `roles.END_LIMIT_SECONDS`.
    """
    stop = roles.stop_on_signals()
    ending = asyncio.create_task(roles.end_in_time(stop))
    stopped = list[str]()

    async def project() -> None:
        dsn = settings.projector_database_url or settings.database_url
        stopped.extend(await roles.project(dsn, settings.redis_url, stop))

    async with composition.open_core(settings, report=report) as core:
        web = WebServer(settings, port=port, roles=roles.ALL_ROLES)
        background = _work(core, LocalQueue(core), stop)
        await roles.run_together(
            {
                "web": web.serve_on(core, stop),
                "worker and scheduler": background,
                "projector": project(),
            },
            stop,
        )
    await ending
    return 1 if stopped else 0


async def _work(core: Core, queue: LocalQueue, stop: asyncio.Event) -> None:
    try:
        await Scheduler(core, queue, dsn=core.settings.database_url).run(stop)
    finally:
        await queue.drain()
