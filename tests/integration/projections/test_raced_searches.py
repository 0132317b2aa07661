"""Cached searches raced, by seed, with sales, a move, lost Redis and projectors that restart."""

import asyncio
import datetime as dt
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import redis
import redis.asyncio

from application.inventory.reschedule_flight import RescheduleFlight
from infrastructure.redis import rate_limit, search_cache
from infrastructure.redis.search_cache import RedisCachedAnswers
from projections import progress
from projections.flight_availability import queries
from projections.flight_availability.projector import PROJECTION
from tests.integration.projections.airline import DEPARTURE, FLIGHT, LOCAL_DATE, Airline
from tests.integration.projections.test_cached_searches import ASKED, Searches, projector

SEEDS = 24
SALES = 10
READERS = 3
SEATS = 100
# The last change: the flight leaves on another day, and no search of this day finds it.
MOVED = SALES + 1


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times that a loaded machine does not exceed, and a lease short enough to be waited for."""
    monkeypatch.setattr(rate_limit, "TIMEOUT_SECONDS", 30)
    monkeypatch.setattr(search_cache, "LEASE_SECONDS", 0.3)
    monkeypatch.setattr(search_cache, "RETRY_SECONDS", 0.05)


class Race:
    """What readers saw against what the read model had before they asked."""

    def __init__(self, airline: Airline, url: str, seed: int) -> None:
        self.airline = airline
        self.url = url
        self.rng = random.Random(seed)
        self.old: list[tuple[int, int]] = []
        self.asked = 0
        self.ended = asyncio.Event()

    async def known(self) -> int:
        """How many changes the read model has."""
        (row,) = await queries.flight(self.airline.pool, FLIGHT)
        return MOVED if row.local_date != LOCAL_DATE else SEATS - row.free

    async def shown(self, searches: Searches) -> int:
        """How many changes a search shows."""
        offers, _ = await searches.search(**ASKED)
        return SEATS - offers[0].free_count if offers else MOVED

    async def read(self, searches: Searches) -> None:
        """Search until the end; a change that was visible before may not be missing."""
        while not self.ended.is_set():
            before = await self.known()
            after = await self.shown(searches)
            self.asked += 1
            if after < before:
                self.old.append((before, after))
            await asyncio.sleep(self.rng.random() * 0.01)

    async def disturb(self) -> None:
        """Lose what Redis has, or its lease only, or let it hang."""
        client = redis.asyncio.Redis.from_url(self.url)
        with suppress(redis.RedisError):
            while not self.ended.is_set():
                await asyncio.sleep(self.rng.random() * 0.3)
                match self.rng.randrange(4):
                    case 0:
                        await client.flushall()
                    case 1:
                        await client.delete(search_cache._LEASE_KEY)
                    case 2:
                        await client.client_pause(self.rng.randrange(50), all=True)
                    case _:
                        continue
        await client.aclose()


@asynccontextmanager
async def restarting(race: Race) -> AsyncIterator[None]:
    """The projector, which ends and begins again at times: each time another epoch."""

    async def run() -> None:
        while not race.ended.is_set():
            answers = RedisCachedAnswers(redis.Redis.from_url(race.url))
            async with projector(race.airline, race.url, answers):
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.2 + race.rng.random()):
                        await race.ended.wait()

    running = asyncio.create_task(run())
    try:
        yield
    finally:
        race.ended.set()
        await running


async def _sell_and_move(race: Race) -> None:
    for number in range(SALES):
        await race.airline.reserve(owner=f"user_{number}")
        await asyncio.sleep(race.rng.random() * 0.15)
    later = DEPARTURE + dt.timedelta(days=1)
    await race.airline.submit(
        RescheduleFlight(FLIGHT, later, later + dt.timedelta(hours=2), "runway closed")
    )


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_whatever_happens_to_redis_and_the_projector_no_answer_is_older_than_the_last_change(
    airline: Airline, valkey_url: str, seed: int
) -> None:
    race = Race(airline, valkey_url, seed)
    clients = [rate_limit.make_client(valkey_url) for _ in range(READERS)]
    async with restarting(race):
        await progress.wait_until(airline.pool, PROJECTION.name, 1, timeout_seconds=60)
        webs = [Searches(airline, each) for each in clients]
        tasks = [asyncio.create_task(race.read(each)) for each in webs]
        tasks.append(asyncio.create_task(race.disturb()))
        await _sell_and_move(race)
        head = airline.query("SELECT max(position) FROM ledger.event")[0][0]
        await progress.wait_until(airline.pool, PROJECTION.name, head, timeout_seconds=60)
        assert [await race.shown(each) for each in webs] == [MOVED] * READERS
        race.ended.set()
        await asyncio.gather(*tasks)
    for each in clients:
        await each.aclose()
    assert race.old == [], f"seed {seed}"
    direct = sum(each.direct for each in webs)
    assert 0 < direct < race.asked, "some answers come from the cache, others do not"
