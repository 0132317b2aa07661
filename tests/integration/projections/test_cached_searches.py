"""Cached searches raced with the read model that drops them: never older than its last change."""

import asyncio
import datetime as dt
import threading
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis

from application.inventory.reschedule_flight import RescheduleFlight
from application.search_cache import CachedSearch
from infrastructure.redis import rate_limit, search_cache
from infrastructure.redis.search_cache import RedisCachedAnswers, RedisSearchCache
from projections import progress, runner
from projections.flight_availability import queries
from projections.flight_availability.projector import PROJECTION
from tests.integration.projections.airline import DEPARTURE, FLIGHT, LOCAL_DATE, Airline

ASKED: dict[str, Any] = {
    "origin": "RUH",
    "destination": "JED",
    "local_date": LOCAL_DATE,
    "cabin": "Y",
    "seat_count": 1,
}
NOWHERE = "unix:///nonexistent/socket"
SALES = 40
READERS = 4


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times that a loaded machine does not exceed."""
    monkeypatch.setattr(rate_limit, "TIMEOUT_SECONDS", 30)
    monkeypatch.setattr(search_cache, "LEASE_SECONDS", 60.0)


@asynccontextmanager
async def projector(
    airline: Airline, redis_url: str, answers: RedisCachedAnswers | None = None
) -> AsyncIterator[None]:
    """The read model, kept current by a thread that drops cached searches."""
    stop = threading.Event()
    if answers is None:
        answers = RedisCachedAnswers(redis.Redis.from_url(redis_url), wait=lambda seconds: None)
    run = asyncio.create_task(
        asyncio.to_thread(runner.run_projection, airline.projector_dsn, PROJECTION, stop, answers)
    )
    try:
        yield
    finally:
        stop.set()
        await run


async def _anything() -> int:
    return 0


class Searches:
    """A web process that searches, and how often it asked the read model."""

    def __init__(self, airline: Airline, client: redis.asyncio.Redis) -> None:
        self._airline = airline
        self.direct = 0
        self.search = CachedSearch(
            RedisSearchCache(client), self._ask, needed=_anything, monotonic=time.monotonic
        )

    async def _ask(self, **wanted: Any) -> Any:
        self.direct += 1
        return await queries.find_flights(self._airline.pool, **wanted)

    async def free(self) -> int:
        """Free seats of the flight, as a search shows them."""
        offers, _ = await self.search(**ASKED)
        return offers[0].free_count

    async def free_now(self) -> int:
        """Free seats of the flight, as the read model has them."""
        (row,) = await queries.flight(self._airline.pool, FLIGHT)
        return row.free


async def test_a_cached_answer_is_never_older_than_the_read_model(
    airline: Airline, valkey_url: str
) -> None:
    """Seats are only sold: more free seats than the read model had before are an old answer."""
    client = rate_limit.make_client(valkey_url)
    sold_out = asyncio.Event()
    asked = 0
    old: list[tuple[int, int]] = []

    async def read(searches: Searches) -> None:
        nonlocal asked
        while not sold_out.is_set():
            known = await searches.free_now()
            shown = await searches.free()
            asked += 1
            if shown > known:
                old.append((shown, known))

    async with projector(airline, valkey_url):
        await progress.wait_until(airline.pool, PROJECTION.name, 1, timeout_seconds=60)
        webs = [Searches(airline, client) for _ in range(READERS)]
        readers = [asyncio.create_task(read(each)) for each in webs]
        for number in range(SALES):
            await airline.reserve(owner=f"user_{number}")
            await asyncio.sleep(0.05)
        head = airline.query("SELECT max(position) FROM ledger.event")[0][0]
        await progress.wait_until(airline.pool, PROJECTION.name, head, timeout_seconds=60)
        sold_out.set()
        await asyncio.gather(*readers)
        assert old == []
        assert await webs[0].free() == await webs[0].free_now() == 100 - SALES
        direct = sum(each.direct for each in webs)
    assert direct < asked / 2, "most answers come from the cache"
    assert direct > 3, "and the changes were seen"
    await client.aclose()


class Witness(RedisCachedAnswers):
    """Notes what readers saw at the moment at which answers were dropped."""

    def __init__(self, airline: Airline, redis_url: str) -> None:
        super().__init__(redis.Redis.from_url(redis_url))
        self._airline = airline
        self.dropped: list[tuple[int, int]] = []

    def drop(self, route_days: Collection[str], position: int) -> None:
        """As the port says."""
        shown = "SELECT position FROM projections.checkpoint WHERE projection = %s"
        if route_days:
            seen = self._airline.query(shown, PROJECTION.name)[0][0]
            self.dropped.append((position, seen))
        super().drop(route_days, position)


async def test_answers_are_dropped_before_readers_see_the_change(
    airline: Airline, valkey_url: str
) -> None:
    witness = Witness(airline, valkey_url)
    async with projector(airline, valkey_url, witness):
        for number in range(3):
            await airline.reserve(owner=f"user_{number}")
            head = airline.query("SELECT max(position) FROM ledger.event")[0][0]
            await progress.wait_until(airline.pool, PROJECTION.name, head, timeout_seconds=60)
    assert len(witness.dropped) >= 3
    assert all(seen < position for position, seen in witness.dropped)


async def test_a_flight_that_moves_leaves_the_cached_answers_of_its_day(
    airline: Airline, valkey_url: str
) -> None:
    client = rate_limit.make_client(valkey_url)
    searches = Searches(airline, client)
    async with projector(airline, valkey_url):
        await progress.wait_until(airline.pool, PROJECTION.name, 1, timeout_seconds=60)
        async with asyncio.timeout(60):
            seen = -1
            while searches.direct > seen:
                seen = searches.direct
                assert await searches.free() == 100
                await asyncio.sleep(0.05)
        later = DEPARTURE + dt.timedelta(days=1)
        await airline.submit(
            RescheduleFlight(FLIGHT, later, later + dt.timedelta(hours=2), "runway closed")
        )
        head = airline.query("SELECT max(position) FROM ledger.event")[0][0]
        await progress.wait_until(airline.pool, PROJECTION.name, head, timeout_seconds=60)
        offers, as_of = await searches.search(**ASKED)
        assert (list(offers), searches.direct) == ([], seen + 1)
        assert as_of.position >= head
        tomorrow = {**ASKED, "local_date": LOCAL_DATE + dt.timedelta(days=1)}
        assert len((await searches.search(**tomorrow))[0]) == 1
    await client.aclose()


async def test_without_redis_searches_and_the_read_model_go_on(airline: Airline) -> None:
    """Fault row 7: Redis lost; everything is answered, only slower."""
    client = rate_limit.make_client(NOWHERE)
    searches = Searches(airline, client)
    async with projector(airline, NOWHERE):
        await airline.reserve()
        head = airline.query("SELECT max(position) FROM ledger.event")[0][0]
        await progress.wait_until(airline.pool, PROJECTION.name, head, timeout_seconds=60)
        assert await searches.free() == await searches.free_now() == 99
    await client.aclose()
