"""The last position of the log that each user wrote, for all processes that serve it.

A key lives longer than a replica may lag (`interfaces/replica_settings.py`); after that every place
that is read from contains the position. Redis may lose it: then a user may miss its own write in a
list for as long as the replica lags, unless its client names the position itself.
"""

import redis.asyncio
import redis.exceptions

from application.ports import Unavailable
from application.read_positions import KEPT_SECONDS

KEY_PREFIX = "ais:wrote:"

_NOTE = """
local known = tonumber(redis.call('GET', KEYS[1]) or '0')
redis.call('SET', KEYS[1], string.format('%d', math.max(known, tonumber(ARGV[1]))), 'EX', ARGV[2])
return 1
"""
_FAILURES = (redis.exceptions.RedisError, OSError, TimeoutError)


class RedisLastWrites:
    """`LastWrites`; the caller closes the client."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client
        self._note = client.register_script(_NOTE)

    async def note(self, user: str, position: int) -> None:
        """Remember the later position; raises Unavailable."""
        try:
            await self._note(keys=[KEY_PREFIX + user], args=[position, KEPT_SECONDS])
        except _FAILURES as error:
            raise Unavailable("last writes") from error

    async def position_of(self, user: str) -> int:
        """Return the user's last position, 0 for none; raises Unavailable."""
        try:
            found = await self._client.get(KEY_PREFIX + user)
        except _FAILURES as error:
            raise Unavailable("last writes") from error
        return int(found or 0)
