"""Cached searches in Redis (`application.search_cache`): a hash for each route and day.

Keys below `ais:search:`: `lease` is `EPOCH:POSITION` and lives for seconds; `EPOCH:a:ROUTE_DAY` is
the hash of answers; `EPOCH:c:ROUTE_DAY` the position of its last change, so that an answer read
before that change is not kept after it. A new epoch leaves the old answers to expire.

Redis may carry out a script after its sender has given up. Therefore a lease is renewed only while
it, or the beginning of its epoch, still lives; so its holder knows without asking when it is over.
"""

import functools
import secrets
import threading
import time
from collections.abc import Callable, Collection, Sequence

import msgspec
import redis
import redis.asyncio
import redis.exceptions

from application.flight_searches import ANSWERS_REMEMBERED, FlightOffer, Remembered
from application.ports import Unavailable
from application.queries import AsOf
from application.search_cache import CachedAnswer, Question

PREFIX = "ais:search:"
ANSWER_SECONDS = 300
# Another number for another content: releases that run side by side read none of each other's.
ANSWER_FORM = "2"
LEASE_SECONDS = 2.0
TIMEOUT_SECONDS = 0.25
RETRY_SECONDS = 5.0
_LEASE_KEY = f"{PREFIX}lease"
_BEGIN_KEY = f"{PREFIX}begin"
_FAILURES = (redis.exceptions.RedisError, OSError, TimeoutError)

_FIND = """
local lease = redis.call('GET', KEYS[1])
if not lease then return {} end
local epoch = string.match(lease, '^[^:]+')
local found = {lease, redis.call('PTTL', KEYS[1])}
for index = 2, #ARGV, 2 do
    local key = ARGV[1] .. epoch .. ':a:' .. ARGV[index]
    found[#found + 1] = redis.call('HGET', key, ARGV[index + 1])
end
return found
"""
_KEEP = """
local lease = redis.call('GET', KEYS[1])
if not lease or string.match(lease, '^[^:]+') ~= ARGV[2] then return 0 end
local changed = redis.call('GET', ARGV[1] .. ARGV[2] .. ':c:' .. ARGV[3])
if changed and tonumber(changed) > tonumber(ARGV[5]) then return 0 end
local key = ARGV[1] .. ARGV[2] .. ':a:' .. ARGV[3]
redis.call('HSET', key, ARGV[4], ARGV[6])
if redis.call('PTTL', key) < 0 then redis.call('PEXPIRE', key, ARGV[7]) end
return 1
"""
_BEGIN = """
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
"""
_DROP = """
for index = 5, #ARGV do
    redis.call('DEL', ARGV[1] .. ARGV[2] .. ':a:' .. ARGV[index])
    redis.call('SET', ARGV[1] .. ARGV[2] .. ':c:' .. ARGV[index], ARGV[3], 'PX', ARGV[4])
end
return 1
"""
_VOUCH = """
local lease = redis.call('GET', KEYS[1])
local own = lease and string.match(lease, '^[^:]+') == ARGV[1]
if not own and redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ':' .. ARGV[2], 'PX', ARGV[3])
return 1
"""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[FlightOffer]).decode


class RedisSearchCache:
    """`SearchCache`; the caller closes the client."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._find = client.register_script(_FIND)
        self._keep = client.register_script(_KEEP)

    async def find(self, questions: Sequence[Question]) -> Sequence[CachedAnswer]:
        """Look all questions up in one step; raises Unavailable."""
        wanted: list[str] = []
        for each in questions:
            wanted += (each.route_day, _field(each))
        try:
            found = await self._find(keys=[_LEASE_KEY], args=[PREFIX, *wanted])
        except _FAILURES as error:
            raise Unavailable("cached searches") from error
        if not found:
            return [CachedAnswer(None)] * len(questions)
        epoch, _, position = found[0].decode().partition(":")
        # The lease was renewed at the end of the log, so what it may lack is no older than that.
        age = max(0.0, LEASE_SECONDS - int(found[1]) / 1000)
        as_of = AsOf(int(position), round(age, 3))
        return [
            CachedAnswer(epoch, None if each is None else _offers(each), as_of)
            for each in found[2:]
        ]

    async def keep(
        self, epoch: str, question: Question, offers: Sequence[FlightOffer], position: int
    ) -> None:
        """Store the answer, unless its route and day changed after `position`; raises
        Unavailable."""
        content = _encode(offers)
        arguments = (PREFIX, epoch, question.route_day, _field(question), position, content)
        try:
            await self._keep(keys=[_LEASE_KEY], args=[*arguments, ANSWER_SECONDS * 1000])
        except _FAILURES as error:
            raise Unavailable("cached searches") from error


class RedisCachedAnswers:
    """`CachedAnswers`, for the thread of one read model. `wait` returns after so many seconds."""

    def __init__(
        self,
        client: redis.Redis,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._client = client
        self._monotonic = monotonic
        self._wait = wait
        self._epoch: str | None = None
        self._tries_again_at = 0.0
        # Whoever led before may have had a lease until now.
        self._over_at = monotonic() + 2 * LEASE_SECONDS

    def begin(self) -> None:
        """Begin an epoch, in which nothing is cached yet."""
        epoch = secrets.token_hex(11)
        arguments = (epoch, _ms(LEASE_SECONDS))
        if self._carried_out(_BEGIN, [_LEASE_KEY, _BEGIN_KEY], *arguments):
            self._epoch = epoch

    def drop(self, route_days: Collection[str], position: int) -> None:
        """Drop the answers of these; without Redis wait until the lease is over."""
        if not route_days:
            return
        if self._epoch is not None:
            fixed = (PREFIX, self._epoch, position, _ms(ANSWER_SECONDS))
            self._carried_out(_DROP, [], *fixed, *sorted(route_days), renews=False)
        if self._epoch is None:
            self._wait(max(0.0, self._over_at - self._monotonic()))

    def vouch(self, position: int, *, caught_up: bool) -> None:
        """Renew the lease, or begin anew where it was lost; nothing while the log is ahead."""
        if not caught_up:
            return
        for _ in range(2):
            if self._epoch is None:
                if self._monotonic() < self._tries_again_at:
                    return
                self.begin()
            arguments = (self._epoch or "", position, _ms(LEASE_SECONDS))
            if self._epoch is None or self._carried_out(
                _VOUCH, [_LEASE_KEY, _BEGIN_KEY], *arguments
            ):
                return
            # Redis has lost it, and perhaps what was noted of changes.
            if self._monotonic() >= self._tries_again_at:
                self._epoch = None

    def _carried_out(
        self, script: str, keys: list[str], *arguments: str | int, renews: bool = True
    ) -> bool:
        try:
            done = bool(self._client.eval(script, len(keys), *keys, *arguments))
        except _FAILURES:
            self._epoch = None
            self._tries_again_at = self._monotonic() + RETRY_SECONDS
            return False
        if renews and done:
            self._over_at = self._monotonic() + 2 * LEASE_SECONDS
        return done


def for_projector(url: str | None, stop: threading.Event) -> RedisCachedAnswers | None:
    """Return the side of the projector, with short timeouts; None without Redis."""
    if url is None:
        return None
    client = redis.Redis.from_url(
        url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, retry=None
    )
    return RedisCachedAnswers(client, wait=stop.wait)


@functools.lru_cache(ANSWERS_REMEMBERED)
def _offers(content: bytes) -> Remembered[FlightOffer]:
    return Remembered(_decode(content))


def _field(question: Question) -> str:
    return f"{ANSWER_FORM}{question.cabin}{question.seat_count}"


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
