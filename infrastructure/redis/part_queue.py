"""Parts of one long calculation, for workers on any machine: dramatiq over Redis, with results.

It is a queue of its own: a part takes seconds of a processor, and no letter waits behind it. Redis
may lose everything: then the calculation is begun again.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend
from dramatiq.results.errors import ResultError, ResultFailure, ResultMissing

from application import ports
from infrastructure.redis.queue import make_broker

QUEUE_NAME = "ais.parts"
ACTOR_NAME = "part"
PART_LIMIT_MS = 600_000
RESULT_LIFE_MS = 3_600_000
LOOK_SECONDS = 0.05
# Without any result for so long nobody works on the parts.
PATIENCE_SECONDS = 60.0
AWAY = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)

Part = Mapping[str, Any]


class PartFailed(Exception):
    """A worker could not do a part; the text says why."""


class NobodyWorks(Exception):
    """No worker took a part within PATIENCE_SECONDS."""


def results(redis_url: str, parts: Sequence[Part]) -> Iterator[str]:
    """Yield the results of all parts in the order in which they end.

    Raises PartFailed, NobodyWorks and Unavailable; the parts that are left are not taken back.
    """
    broker = _broker(redis_url)
    try:
        messages = [_message(part) for part in parts]
        for message in messages:
            broker.enqueue(message)
        yield from _awaited(messages, broker)
    except AWAY as error:
        raise ports.Unavailable("queue") from error
    finally:
        broker.close()


def serve(redis_url: str, work: Callable[[Part], str], stop: threading.Event) -> None:
    """Work on parts, one after the other, until `stop` is set."""
    broker = _broker(redis_url)

    def done(part: dict[str, Any]) -> str:
        return work(part)

    dramatiq.actor(
        actor_name=ACTOR_NAME,
        queue_name=QUEUE_NAME,
        broker=broker,
        max_retries=0,
        time_limit=PART_LIMIT_MS,
        store_results=True,
        result_ttl=RESULT_LIFE_MS,
    )(done)
    worker = dramatiq.Worker(broker, worker_threads=1)
    worker.start()
    try:
        stop.wait()
    finally:
        worker.stop()
        broker.close()


def _broker(redis_url: str) -> RedisBroker:
    broker = make_broker(redis_url)
    backend = RedisBackend(client=broker.client)
    results_kept = Results(backend=backend)  # type: ignore[no-untyped-call]  # untyped there
    broker.add_middleware(results_kept)
    broker.declare_queue(QUEUE_NAME)
    return broker


def _message(part: Part) -> dramatiq.Message[str]:
    return dramatiq.Message(
        queue_name=QUEUE_NAME, actor_name=ACTOR_NAME, args=(dict(part),), kwargs={}, options={}
    )


def _awaited(messages: Sequence[dramatiq.Message[str]], broker: RedisBroker) -> Iterator[str]:
    backend = broker.get_results_backend()
    waiting = list(messages)
    end = time.monotonic() + PATIENCE_SECONDS
    while waiting:
        for message in list(waiting):
            try:
                found = message.get_result(backend=backend)
            except ResultMissing:
                continue
            except ResultFailure as error:
                raise PartFailed(f"{error.orig_exc_type}: {error.orig_exc_msg}") from None
            except ResultError as error:
                raise PartFailed(type(error).__name__) from None
            waiting.remove(message)
            end = time.monotonic() + PATIENCE_SECONDS
            yield found
        if waiting:
            if time.monotonic() > end:
                raise NobodyWorks(f"no worker has done a part for {PATIENCE_SECONDS:.0f} seconds")
            time.sleep(LOOK_SECONDS)
