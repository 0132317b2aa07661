"""The dead letters of separate workers: dramatiq keeps them in Redis for a week."""

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker

from application import ports
from application.failed_tasks import FailedTask
from infrastructure.redis.queue import QUEUE_NAME, message_of

Result = TypeVar("Result")


class DeadLetters:
    """`application.failed_tasks.FailedTasks` in Redis."""

    def __init__(self, broker: RedisBroker) -> None:
        self._broker = broker
        self._broker.declare_queue(QUEUE_NAME)
        self._times = f"{broker.namespace}:{QUEUE_NAME}.XQ"
        self._messages = f"{self._times}.msgs"

    async def oldest(self, *, limit: int) -> Sequence[FailedTask]:
        """Return the oldest first; raises Unavailable."""
        return await _answered(lambda: self._oldest(limit))

    async def try_again(self, tasks: Sequence[FailedTask]) -> int:
        """Enqueue each as a new message, then remove the dead one; raises Unavailable.

        A crash between the two repeats a task, which has no effect.
        """

        def again() -> int:
            return sum(self._again(each) for each in tasks)

        return await _answered(again)

    def _oldest(self, limit: int) -> list[FailedTask]:
        client = self._broker.client
        found: Any = client.zrange(self._times, 0, limit - 1, withscores=True)
        stored = client.hmget(self._messages, [key for key, _ in found]) if found else []
        tasks = []
        for (key, at_ms), data in zip(found, stored, strict=True):
            if data is not None:
                message: dramatiq.Message[None] = dramatiq.Message.decode(data)
                at = dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC)
                tasks.append(FailedTask(key.decode(), message.actor_name, message.kwargs, at))
        return tasks

    def _again(self, task: FailedTask) -> bool:
        client = self._broker.client
        if not client.hexists(self._messages, task.id):
            return False
        self._broker.enqueue(message_of(task.topic, task.body))
        client.zrem(self._times, task.id)
        client.hdel(self._messages, task.id)
        return True


async def _answered(work: Callable[[], Result]) -> Result:
    try:
        return await asyncio.to_thread(work)
    except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as error:
        raise ports.Unavailable("queue") from error
