"""Actors of the task queue: one for each handler, named by the topic of its task."""

import asyncio
from collections.abc import Callable
from typing import Any

import dramatiq
import msgspec
from dramatiq.brokers.redis import RedisBroker

from infrastructure.redis.queue import QUEUE_NAME
from interfaces.composition import Core
from interfaces.worker.handlers import HANDLERS
from interfaces.worker.task_handler import TaskHandler

TASK_SECONDS = 45.0


def register(broker: RedisBroker, core: Core, loop: asyncio.AbstractEventLoop) -> None:
    """Make an actor of each handler; its coroutine runs in `loop`, the thread only waits."""
    for handler in HANDLERS:
        make = dramatiq.actor(actor_name=handler.task.topic, queue_name=QUEUE_NAME, broker=broker)
        make(_in_loop(handler, core, loop))


def _in_loop(
    handler: TaskHandler[Any], core: Core, loop: asyncio.AbstractEventLoop
) -> Callable[..., None]:
    def run(**body: Any) -> None:
        task = msgspec.convert(body, handler.task)
        running = asyncio.run_coroutine_threadsafe(handler.handle(core, task), loop)
        try:
            running.result(TASK_SECONDS)
        finally:
            # A task that takes too long is tried again: two tries must not run at once.
            running.cancel()

    return run
