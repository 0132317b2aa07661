"""Actors of the task queue: one for each handler, named by the topic of its task."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import dramatiq
import msgspec
from dramatiq.brokers.redis import RedisBroker

from application import ports, telemetry
from infrastructure.redis.queue import QUEUE_NAME, message_of
from interfaces.composition import Core
from interfaces.worker.handlers import HANDLERS
from interfaces.worker.task_handler import TASK_SECONDS, TaskHandler, TasksLeft

# While nothing may be changed a task goes back into the queue for so long; that is no try.
CLOSED_PAUSE_MS = 5_000

logger = logging.getLogger(__name__)


def register(broker: RedisBroker, core: Core, loop: asyncio.AbstractEventLoop) -> None:
    """Make an actor of each handler; its coroutine runs in `loop`, the thread only waits."""
    for handler in HANDLERS:
        make = dramatiq.actor(
            actor_name=handler.task.topic,
            queue_name=QUEUE_NAME,
            broker=broker,
            throws=ports.TaskRefused,
        )
        make(_in_loop(handler, core, loop, broker))


def _in_loop(
    handler: TaskHandler[Any], core: Core, loop: asyncio.AbstractEventLoop, broker: dramatiq.Broker
) -> Callable[..., None]:
    def run(**body: Any) -> None:
        if core.modes.current.closing() is not None:
            broker.enqueue(message_of(handler.task.topic, body), delay=CLOSED_PAUSE_MS)
            return
        task = msgspec.convert(body, handler.task)
        work = telemetry.resumed(body)
        running = asyncio.run_coroutine_threadsafe(handler.handle(core, task, work), loop)
        try:
            running.result(TASK_SECONDS)
        except TasksLeft as left:
            with telemetry.carrying(work):
                logger.warning("task %s: %s", handler.task.topic, left)
            for rest in left.tasks:
                broker.enqueue(message_of(rest.topic, rest.body))
        finally:
            # A task that takes too long is tried again: two tries must not run at once.
            running.cancel()

    return run
