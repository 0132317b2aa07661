"""`ais worker`: runs the background tasks of the queue."""

import asyncio

import dramatiq
import uvloop

from infrastructure.redis import queue
from interfaces import composition, roles
from interfaces.cli import running
from interfaces.settings import Settings
from interfaces.web import report
from interfaces.worker import actors

THREADS = 16


def worker() -> None:
    """Do background tasks until SIGTERM: webhooks, lapsed holds, letters. Configured by AIS_*."""
    settings, redis_url = running.configured_with_redis()
    with running.reporting_as("worker", settings):
        uvloop.run(_run(settings, redis_url))


async def _run(settings: Settings, redis_url: str) -> None:
    stop = roles.stop_on_signals()
    async with composition.open_core(settings, report=report) as core:
        broker = queue.make_broker(redis_url)
        actors.register(broker, core, asyncio.get_running_loop())
        working = dramatiq.Worker(broker, worker_threads=THREADS)
        await asyncio.to_thread(working.start)
        await stop.wait()
        core.follower.stop()
        await asyncio.to_thread(working.stop)
        broker.close()
