"""Windows of the rate limiter in Redis: one atomic script takes a slice of a window.

A window begins with its first request and ends when its key expires, so nothing is left behind.
Timeouts are short, because the caller can continue without Redis.
"""

import redis
import redis.asyncio
import redis.exceptions

from application.ports import Unavailable
from application.rate_limit import Limit, Slice

KEY_PREFIX = "ais:rate:"
# Which windows have refused a request.
REFUSED_PREFIX = f"{KEY_PREFIX}refused:"
TIMEOUT_SECONDS = 0.25
CONNECTIONS = 16

TAKE = """
local used = tonumber(redis.call('GET', KEYS[1]) or '0')
local granted = math.min(tonumber(ARGV[1]), tonumber(ARGV[2]) - used)
if granted > 0 then
    redis.call('INCRBY', KEYS[1], granted)
else
    granted = 0
end
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
    left = tonumber(ARGV[3])
    redis.call('PEXPIRE', KEYS[1], left)
end
return {granted, left, tonumber(ARGV[2]) - used - granted}
"""


class RedisTokenStore:
    """`application.rate_limit.TokenStore`; the caller closes the client."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client
        self._take = client.register_script(TAKE)

    async def take(self, key: str, *, want: int, limit: Limit) -> Slice:
        """Take up to `want` tokens; raises Unavailable when Redis does not answer in time."""
        try:
            granted, left_ms, left = await self._take(
                keys=[KEY_PREFIX + key], args=[want, limit.count, limit.window_seconds * 1000]
            )
        except (redis.exceptions.RedisError, OSError, TimeoutError) as error:
            raise Unavailable("windows of the rate limiter") from error
        return Slice(int(granted), int(left_ms) / 1000, max(0, int(left)))

    async def is_first_refusal(self, key: str, *, seconds: float) -> bool:
        """Ask once for each window; raises Unavailable when Redis does not answer in time."""
        lasts = max(1, round(seconds * 1000))
        try:
            return bool(await self._client.set(f"{REFUSED_PREFIX}{key}", 1, px=lasts, nx=True))
        except (redis.exceptions.RedisError, OSError, TimeoutError) as error:
            raise Unavailable("windows of the rate limiter") from error


def make_client(url: str) -> redis.asyncio.Redis:
    """Return a client with short timeouts and no retries, for what can be done without Redis.

    More requests at once than connections wait for one: refused, they would pass for a Redis that
    is gone, and each process would count by itself in the very moment of a rush.
    """
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=TIMEOUT_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=None,
        # Else each new connection looks up the library's version on the disk, for milliseconds in
        # which the event loop answers nobody.
        driver_info=None,
    )
    return redis.asyncio.Redis.from_pool(pool)


def forget_windows(url: str) -> None:
    """Delete all windows: every client begins anew. For a demo that starts again."""
    with redis.Redis.from_url(url) as client:
        for key in client.scan_iter(f"{KEY_PREFIX}*", count=1_000):
            client.unlink(key)
