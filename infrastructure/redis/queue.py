"""The queue of separate workers: dramatiq over Redis. Messages carry a topic and ids only.

Redis may lose all messages: outbox, inbox and timers send unfinished work again.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.common import compute_backoff
from dramatiq.middleware import (
    AgeLimit,
    Callbacks,
    Middleware,
    Retries,
    ShutdownNotifications,
    TimeLimit,
)

from application import ports

QUEUE_NAME = "ais"
MESSAGE_LIFE_MS = 24 * 3600 * 1000
# How a task is tried again, here and where the relay runs tasks in its own process.
RETRY_LIMIT = 8
MIN_BACKOFF_MS = 500
MAX_BACKOFF_MS = 300_000
REDIS_TIMEOUT_SECONDS = 5.0
# A worker that says nothing for so long is gone, and others get what it had taken.
GONE_AFTER_MS = 60_000
# Of a million commands, those that look for workers that are gone. An idle worker sends one in a
# second: dramatiq's own figure, 1,000, would leave a letter waiting for a quarter of an hour.
LOOKS_FOR_GONE_PER_MILLION = 50_000


def retry_pause_seconds(retries: int) -> float:
    """Return the pause before the next try of a task that failed, after so many retries."""
    _, pause_ms = compute_backoff(retries, factor=MIN_BACKOFF_MS, max_backoff=MAX_BACKOFF_MS)
    return pause_ms / 1000


def make_broker(redis_url: str) -> RedisBroker:
    """Return a broker with bounded retries; it connects with the first message."""
    middleware: list[Middleware] = [
        AgeLimit(max_age=MESSAGE_LIFE_MS),
        TimeLimit(time_limit=60_000),
        ShutdownNotifications(),
        Callbacks(),
        Retries(max_retries=RETRY_LIMIT, min_backoff=MIN_BACKOFF_MS, max_backoff=MAX_BACKOFF_MS),
    ]
    client = redis.Redis.from_url(
        redis_url,
        socket_timeout=REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
    )
    return RedisBroker(  # type: ignore[no-untyped-call]  # untyped there
        client=client,
        middleware=middleware,
        heartbeat_timeout=GONE_AFTER_MS,
        maintenance_chance=LOOKS_FOR_GONE_PER_MILLION,
    )


def message_of(topic: str, body: Mapping[str, Any]) -> dramatiq.Message[None]:
    """Return the message of a task; the body consists of JSON values."""
    return dramatiq.Message(
        queue_name=QUEUE_NAME, actor_name=topic, args=(), kwargs=dict(body), options={}
    )


class RedisTaskQueue:
    """Sends messages to the workers; raises Unavailable when Redis does not answer."""

    def __init__(self, broker: RedisBroker) -> None:
        self._broker = broker
        self._broker.declare_queue(QUEUE_NAME)

    async def enqueue(self, topic: str, body: Mapping[str, Any]) -> None:
        """Put one message into the queue; the body consists of JSON values."""
        try:
            await asyncio.to_thread(self._broker.enqueue, message_of(topic, body))
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as error:
            raise ports.Unavailable("queue") from error

    async def counts(self) -> tuple[int, int]:
        """Return how many messages wait or run, and how many were given up; raises Unavailable."""
        queue = f"{self._broker.namespace}:{QUEUE_NAME}"
        pipeline = self._broker.client.pipeline(transaction=False)
        # Those that wait for their time, such as a retry, are in a queue of their own.
        for waiting in (f"{queue}.msgs", f"{queue}.DQ.msgs"):
            pipeline.hlen(waiting)
        pipeline.zcard(f"{queue}.XQ")
        try:
            ready, delayed, dead = await asyncio.to_thread(pipeline.execute)
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as error:
            raise ports.Unavailable("queue") from error
        return ready + delayed, dead
