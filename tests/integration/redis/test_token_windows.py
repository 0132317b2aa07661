"""Windows of the rate limiter in a real Valkey: atomic, expiring, unavailable without a server."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import redis.asyncio

from application.ports import Unavailable
from application.rate_limit import Limit
from infrastructure.redis import rate_limit
from infrastructure.redis.rate_limit import RedisTokenStore
from interfaces.http.rate_limit import RateLimiter
from tests.support.http_client import GENEROUS


@pytest.fixture
async def client(
    valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[redis.asyncio.Redis]:
    # On a loaded machine an answer may take longer than the request's timeout.
    monkeypatch.setattr(rate_limit, "TIMEOUT_SECONDS", 30)
    made = rate_limit.make_client(valkey_url)
    yield made
    await made.aclose()


async def test_slices_never_add_up_to_more_than_the_limit(client: redis.asyncio.Redis) -> None:
    store = RedisTokenStore(client)
    slices = await asyncio.gather(
        *(store.take("k", want=3, limit=Limit(10, 60)) for _ in range(12))
    )
    assert sorted((each.granted for each in slices), reverse=True) == [3, 3, 3, 1] + [0] * 8
    assert all(0 < each.closes_in_seconds <= 60 for each in slices)


async def test_a_window_ends_by_itself(client: redis.asyncio.Redis) -> None:
    store = RedisTokenStore(client)
    assert (await store.take("k", want=1, limit=Limit(1, 60))).granted == 1
    assert (await store.take("k", want=1, limit=Limit(1, 60))).granted == 0
    # Expire the window now: a short window could end between the two calls above.
    for key in await client.keys("*"):
        await client.pexpire(key, 1)
    await asyncio.sleep(0.05)
    assert (await store.take("k", want=1, limit=Limit(1, 60))).granted == 1


async def test_one_process_records_that_a_window_has_refused(client: redis.asyncio.Redis) -> None:
    stores = [RedisTokenStore(client) for _ in range(2)]
    asked = [store.is_first_refusal("k", seconds=60) for store in stores for _ in range(5)]
    assert (await asyncio.gather(*asked)).count(True) == 1
    assert await stores[0].is_first_refusal("other", seconds=0.0001)
    (key, *_) = await client.keys("*:k")
    assert 0 < await client.pttl(key) <= 60_000


async def test_every_key_has_an_expiry(client: redis.asyncio.Redis) -> None:
    store = RedisTokenStore(client)
    await client.set(rate_limit.KEY_PREFIX + "orphan", 5)
    await store.take("orphan", want=1, limit=Limit(3, 60))
    await store.take("fresh", want=1, limit=Limit(3, 60))
    for key in await client.keys("*"):
        assert await client.pttl(key) > 0


async def test_two_processes_share_one_limit(client: redis.asyncio.Redis) -> None:
    limits = {**GENEROUS, "booking": Limit(20, 60)}
    first, second = (
        RateLimiter(limits, RedisTokenStore(client), monotonic=time.monotonic) for _ in range(2)
    )
    outcomes = await asyncio.gather(
        *(each.take("booking", "usr_one") for each in (first, second) for _ in range(20)),
        return_exceptions=True,
    )
    assert sum(each is None for each in outcomes) == 20


async def test_a_rush_waits_for_connections_and_is_counted_by_all_processes_together(
    client: redis.asyncio.Redis,
) -> None:
    """More clients at once than there are connections: no process begins to count by itself."""
    limits = {**GENEROUS, "booking": Limit(1, 60)}
    first, second = (
        RateLimiter(limits, RedisTokenStore(client), monotonic=time.monotonic) for _ in range(2)
    )
    users = [f"usr_{number}" for number in range(20 * rate_limit.CONNECTIONS)]
    outcomes = await asyncio.gather(
        *(each.take("booking", user) for user in users for each in (first, second)),
        return_exceptions=True,
    )
    assert sum(each is None for each in outcomes) == len(users)


async def test_a_lost_server_is_unavailable() -> None:
    client = rate_limit.make_client("unix:///nonexistent/socket")
    with pytest.raises(Unavailable):
        await RedisTokenStore(client).take("k", want=1, limit=Limit(1, 60))
    with pytest.raises(Unavailable):
        await RedisTokenStore(client).is_first_refusal("k", seconds=60)
    await client.aclose()
