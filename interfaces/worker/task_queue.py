"""What carries background tasks to their handlers, as the scheduler sees it; and that of separate
workers. `local_queue` has the other one."""

from collections.abc import Mapping
from typing import Any, Protocol

from application.booking import letter_batches
from application.booking.letter_batches import QueuedTask
from infrastructure.postgres.outbox import Outbox
from infrastructure.redis.queue import RedisTaskQueue

RELAY_LIMIT = 500


class TaskQueue(Protocol):
    """Every task is carried out at least once, and again later when its handler fails."""

    async def enqueue(self, topic: str, body: Mapping[str, Any]) -> None:
        """Take one task; raises Unavailable when none can be taken now."""
        ...

    async def relay(self) -> None:
        """Take the unsent messages of the outbox; raises Unavailable."""
        ...

    async def counts(self) -> tuple[int, int]:
        """Return how many tasks wait or run, and how many were given up; raises Unavailable."""
        ...


class WorkerQueue:
    """Hands tasks to separate workers, over Redis."""

    def __init__(self, outbox: Outbox, queue: RedisTaskQueue) -> None:
        self._outbox = outbox
        self._queue = queue
        self.enqueue = queue.enqueue
        self.counts = queue.counts

    async def relay(self) -> None:
        """Enqueue the unsent messages of the outbox; raises Unavailable."""
        messages = await self._outbox.unsent(limit=RELAY_LIMIT)
        tasks = [QueuedTask(message.topic, message.body) for message in messages]
        for task in letter_batches.grouped(tasks):
            await self._queue.enqueue(task.topic, task.body)
        if messages:
            await self._outbox.mark_sent([message.id for message in messages])
