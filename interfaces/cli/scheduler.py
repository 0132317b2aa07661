"""`ais scheduler`: processes, relays and deadlines."""

import uvloop

from infrastructure.redis.queue import RedisTaskQueue, make_broker
from interfaces import composition, roles
from interfaces.cli import running
from interfaces.settings import Settings
from interfaces.web import report
from interfaces.worker.scheduler import Scheduler
from interfaces.worker.task_queue import WorkerQueue


def scheduler() -> None:
    """Lead, or wait until no other scheduler leads, until SIGTERM. Configured by AIS_*."""
    settings, redis_url = running.configured_with_redis()
    with running.reporting_as("scheduler", settings):
        uvloop.run(_run(settings, redis_url))


async def _run(settings: Settings, redis_url: str) -> None:
    stop = roles.stop_on_signals()
    async with composition.open_core(settings, report=report) as core:
        queue = WorkerQueue(core.outbox, RedisTaskQueue(make_broker(redis_url)))
        await Scheduler(core, queue, dsn=settings.database_url).run(stop)
