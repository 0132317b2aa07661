"""What Redis answers to one question: for `ais doctor`."""

from typing import Any

import msgspec
import redis

from application.ports import Unavailable

TIMEOUT_SECONDS = 3.0


class RedisCondition(msgspec.Struct, frozen=True):
    """`evicts` is true where messages of the queue could be thrown away to make room."""

    version: str
    evicts: bool
    used_bytes: int
    limit_bytes: int


def read_condition(redis_url: str) -> RedisCondition:
    """Return what the server is; raises Unavailable."""
    try:
        with redis.Redis.from_url(
            redis_url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            decode_responses=True,
        ) as client:
            found: Any = client.info()
    except (redis.exceptions.RedisError, OSError) as error:
        raise Unavailable(f"redis: {type(error).__name__}") from None
    return RedisCondition(
        version=str(found.get("valkey_version") or found["redis_version"]),
        evicts=found.get("maxmemory_policy", "noeviction") != "noeviction",
        used_bytes=int(found["used_memory"]),
        limit_bytes=int(found.get("maxmemory", 0)),
    )
