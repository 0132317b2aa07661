"""The roles of a process: web, worker, scheduler, projector; how those of one process end together.

They end on SIGTERM or SIGINT, or with the first role that ends unasked: no process goes on with
half of its roles.
"""

import asyncio
import faulthandler
import logging
import signal
import threading
from collections.abc import Coroutine, Mapping
from typing import Any

from application.search_cache import CachedAnswers
from infrastructure.postgres import primary
from infrastructure.redis import search_cache
from projections import runner

ALL_ROLES = ("web", "worker", "scheduler", "projector")
# For requests, tasks and read models together; each of them has a shorter time of its own.
END_LIMIT_SECONDS = 40.0

logger = logging.getLogger(__name__)


class RoleEnded(Exception):
    """A role ended although nobody asked it to."""


def stop_on_signals() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set; needs a running event loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def run_together(roles: Mapping[str, Coroutine[Any, Any, None]], stop: asyncio.Event) -> None:
    """Run roles until all have ended; each ends by itself when `stop` is set.

    `stop` is set when one ends. Raises a group of the errors of those that failed, and RoleEnded
    for one that ended unasked.
    """
    tasks = [asyncio.create_task(_run(name, role, stop)) for name, role in roles.items()]
    try:
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        stop.set()
    failures = [each for each in ended if each is not None]
    if failures:
        raise BaseExceptionGroup("the process ends", failures)


async def _run(name: str, role: Coroutine[Any, Any, None], stop: asyncio.Event) -> None:
    try:
        await role
        if not stop.is_set():
            raise RoleEnded(name)
    except SystemExit as error:  # uvicorn's, when it cannot listen
        raise RoleEnded(name) from error
    finally:
        if not stop.is_set():
            logger.critical("the %s ended by itself: the whole process ends", name)
        stop.set()


async def end_in_time(stop: asyncio.Event, *, limit_seconds: float = END_LIMIT_SECONDS) -> None:
    """Wait for `stop`; if the process lives on after the limit, say where it is and end it with 1.

    This is the last resort against code that loses its cancellation: nothing is lost by it that
    `kill -9` would not lose, which is nothing acknowledged.
    """
    await stop.wait()
    faulthandler.dump_traceback_later(limit_seconds, exit=True)


def project_until(
    dsn: str, stop: threading.Event, answers: CachedAnswers | None
) -> Mapping[str, BaseException]:
    """Keep the read models of the newest primary current until `stop`; return those that stopped
    by themselves, and why.
    """
    servers = primary.WatchedServers(dsn)
    with servers.watched():
        return runner.run_all(dsn, stop, answers, servers.newest)


async def project(
    dsn: str, redis_url: str | None, stop: asyncio.Event
) -> Mapping[str, BaseException]:
    """Keep the read models current, in threads, until `stop`; return those that stopped, and why.

    A read model that stops does not end the role: it is recorded, its readers and the health page
    show it, and what needs no read model is sold on.
    """
    ending = threading.Event()
    asking = asyncio.create_task(stop.wait())
    asking.add_done_callback(lambda _: ending.set())
    try:
        answers = search_cache.for_projector(redis_url, ending)
        stopped = await asyncio.to_thread(project_until, dsn, ending, answers)
        await stop.wait()
    finally:
        ending.set()
    return stopped
