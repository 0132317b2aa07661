"""Loops that run side by side, until one loses the database or all are asked to stop.

A loop asks each time round whether it is over, and does not rest on being cancelled: both
`asyncio.wait_for` (before Python 3.12) and psycopg's pool return what they waited for when it
arrives together with a cancellation, and the cancellation is lost.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import psycopg

from application import ports

BACKOFF_SECONDS = 0.5

logger = logging.getLogger(__name__)


class Loop(msgspec.Struct, frozen=True):
    """Work done again after `pause` seconds, or `collects` seconds after `moved` was set, so that
    it finds more to do together.
    """

    work: Callable[[], Awaitable[None]]
    pause: float
    moved: asyncio.Event | None = None
    collects: float = 0.0


async def run_loops(loops: Sequence[Loop], stop: asyncio.Event) -> None:
    """Run all loops until `stop` is set; each may finish the work under way.

    Raises a group of psycopg.OperationalError, with all loops ended, when one raises it: the
    connection that leads is gone. After another error the loop is tried again; the others go on.
    """
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_run(loop, over)) for loop in loops]
        await stop.wait()
        over.set()
        for task in tasks:
            task.cancel()


async def _run(loop: Loop, over: asyncio.Event) -> None:
    try:
        while not over.is_set():
            if loop.moved is not None:
                loop.moved.clear()
            await _work(loop)
            await _pause(loop)
    finally:
        over.set()


async def _work(loop: Loop) -> None:
    try:
        await loop.work()
    except ports.Unavailable as error:
        logger.warning("scheduler waits: %s", error)
        await asyncio.sleep(BACKOFF_SECONDS)
    except psycopg.OperationalError:
        raise
    except Exception as error:  # noqa: BLE001 - one loop must not end the others
        name = getattr(loop.work, "__name__", "its work")
        logger.error("scheduler cannot go on with %s: %s", name, type(error).__name__)
        await asyncio.sleep(BACKOFF_SECONDS)


async def _pause(loop: Loop) -> None:
    if loop.moved is None:
        await asyncio.sleep(loop.pause)
        return
    try:
        async with asyncio.timeout(loop.pause):
            await loop.moved.wait()
    except TimeoutError:
        return
    await asyncio.sleep(loop.collects)
