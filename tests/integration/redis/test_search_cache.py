"""Cached searches in a real Valkey: never older than the read model, whatever overtakes what."""

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis
import redis.asyncio

from application.flight_searches import FlightOffer
from application.ports import Unavailable
from application.queries import AsOf
from application.search_cache import CachedSearch, Question
from infrastructure.redis import rate_limit, search_cache
from infrastructure.redis.search_cache import RedisCachedAnswers, RedisSearchCache
from tests.support.http_client import Seconds

DAY = dt.date(2026, 12, 24)
ROUTE_DAY = "RUH-JED-2026-12-24"
QUESTION = Question(ROUTE_DAY, "Y", 1)
NOWHERE = "unix:///nonexistent/socket"


def offer(free: int) -> FlightOffer:
    return FlightOffer(
        flight="flight-XX1-2026-12-24",
        number="XX1",
        origin="RUH",
        destination="JED",
        origin_zone="Asia/Riyadh",
        destination_zone="Asia/Riyadh",
        departs_at=dt.datetime(2026, 12, 24, 8, tzinfo=dt.UTC),
        arrives_at=dt.datetime(2026, 12, 24, 10, tzinfo=dt.UTC),
        domestic=True,
        fare_class="Y",
        fare_amount=40_000,
        currency="SAR",
        residue="cash",
        free_count=free,
    )


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a loaded machine an answer may take longer than the request's timeout."""
    monkeypatch.setattr(rate_limit, "TIMEOUT_SECONDS", 30)


@pytest.fixture
def long_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease that a slow machine does not outlive."""
    monkeypatch.setattr(search_cache, "LEASE_SECONDS", 600.0)


@pytest.fixture
async def client(valkey_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    made = rate_limit.make_client(valkey_url)
    yield made
    await made.aclose()


@pytest.fixture
def cache(client: redis.asyncio.Redis) -> RedisSearchCache:
    return RedisSearchCache(client)


@pytest.fixture
def answers(valkey_url: str, long_lease: None) -> RedisCachedAnswers:
    """The projector's side, at position 10 of the log."""
    made = RedisCachedAnswers(redis.Redis.from_url(valkey_url))
    made.begin()
    made.vouch(10, caught_up=True)
    return made


async def epoch_of(cache: RedisSearchCache) -> str:
    (found,) = await cache.find([QUESTION])
    assert found.epoch is not None
    return found.epoch


async def kept(cache: RedisSearchCache) -> int | None:
    """The free seats that are cached."""
    (found,) = await cache.find([QUESTION])
    return None if found.offers is None else found.offers[0].free_count


async def test_an_answer_is_found_until_its_flight_changes(
    cache: RedisSearchCache, answers: RedisCachedAnswers
) -> None:
    await cache.keep(await epoch_of(cache), QUESTION, [offer(5)], 10)
    other = Question("RUH-DMM-2026-12-24", "Y", 1)
    await cache.keep(await epoch_of(cache), other, [offer(9)], 10)
    (found,) = await cache.find([QUESTION])
    assert list(found.offers or ()) == [offer(5)]
    answers.drop({ROUTE_DAY}, 11)
    answers.vouch(11, caught_up=True)
    dropped, left = await cache.find([QUESTION, other])
    assert dropped.offers is None
    assert list(left.offers or ()) == [offer(9)]
    assert left.as_of is not None
    assert left.as_of.position == 11


async def test_questions_of_one_route_are_cached_apart(
    cache: RedisSearchCache, answers: RedisCachedAnswers
) -> None:
    asked = [Question(ROUTE_DAY, cabin, seats) for cabin in "YJ" for seats in (1, 2)]
    epoch = await epoch_of(cache)
    for number, each in enumerate(asked):
        await cache.keep(epoch, each, [offer(number)], 10)
    found = await cache.find(asked)
    assert [each.offers and each.offers[0].free_count for each in found] == [0, 1, 2, 3]
    answers.drop({ROUTE_DAY}, 11)
    assert [each.offers for each in await cache.find(asked)] == [None] * 4


async def test_an_answer_that_was_read_before_a_change_is_not_kept_after_it(
    cache: RedisSearchCache, answers: RedisCachedAnswers
) -> None:
    epoch = await epoch_of(cache)
    answers.drop({ROUTE_DAY}, 11)
    await cache.keep(epoch, QUESTION, [offer(5)], 10)
    assert await kept(cache) is None
    answers.vouch(11, caught_up=True)
    await cache.keep(epoch, QUESTION, [offer(5)], 10)
    assert await kept(cache) is None
    await cache.keep(epoch, QUESTION, [offer(4)], 11)
    assert await kept(cache) == 4


async def test_a_flushed_server_keeps_nothing_that_was_read_before(
    cache: RedisSearchCache, answers: RedisCachedAnswers, valkey_url: str
) -> None:
    epoch = await epoch_of(cache)
    answers.drop({ROUTE_DAY}, 11)
    redis.Redis.from_url(valkey_url).flushall()
    answers.vouch(11, caught_up=True)
    await cache.keep(epoch, QUESTION, [offer(5)], 10)
    assert await kept(cache) is None
    assert await epoch_of(cache) != epoch


async def test_another_leader_begins_with_nothing(
    cache: RedisSearchCache, answers: RedisCachedAnswers, valkey_url: str
) -> None:
    await cache.keep(await epoch_of(cache), QUESTION, [offer(5)], 10)
    second = RedisCachedAnswers(redis.Redis.from_url(valkey_url))
    second.begin()
    assert (await cache.find([QUESTION]))[0].epoch is None
    second.vouch(10, caught_up=True)
    assert await kept(cache) is None


async def test_nothing_is_found_once_nobody_renews_the_lease(
    cache: RedisSearchCache, answers: RedisCachedAnswers, client: redis.asyncio.Redis
) -> None:
    epoch = await epoch_of(cache)
    await cache.keep(epoch, QUESTION, [offer(5)], 10)
    answers.vouch(11, caught_up=False)
    (found,) = await cache.find([QUESTION])
    assert found.as_of is not None
    assert found.as_of.position == 10
    await client.pexpire(search_cache.PREFIX + "lease", 1)
    await asyncio.sleep(0.05)
    assert await kept(cache) is None
    await cache.keep(epoch, QUESTION, [offer(5)], 10)
    assert await kept(cache) is None


async def test_a_lease_is_not_revived_by_a_renewal_that_comes_late(
    cache: RedisSearchCache, answers: RedisCachedAnswers, client: redis.asyncio.Redis
) -> None:
    epoch = await epoch_of(cache)
    await client.delete(search_cache.PREFIX + "lease", search_cache.PREFIX + "begin")
    late: Any = client.eval(
        search_cache._VOUCH,
        2,
        search_cache.PREFIX + "lease",
        search_cache.PREFIX + "begin",
        epoch,
        12,
        600_000,
    )
    assert await late == 0
    assert (await cache.find([QUESTION]))[0].epoch is None


async def test_answers_and_notes_expire_by_themselves(
    cache: RedisSearchCache, answers: RedisCachedAnswers, client: redis.asyncio.Redis
) -> None:
    await cache.keep(await epoch_of(cache), QUESTION, [offer(5)], 10)
    answers.drop({"RUH-DMM-2026-12-24"}, 11)
    names = await client.keys(search_cache.PREFIX + "*")
    assert len(names) == 4
    for name in names:
        limit = 600 if name.endswith((b"lease", b"begin")) else 300
        assert 0 < await client.pttl(name) <= limit * 1000


def test_without_redis_a_change_waits_until_the_lease_is_over() -> None:
    waits: list[float] = []
    now = Seconds()
    lost = RedisCachedAnswers(redis.Redis.from_url(NOWHERE), monotonic=now, wait=waits.append)
    lost.begin()
    lost.drop({ROUTE_DAY}, 11)
    assert waits == [2 * search_cache.LEASE_SECONDS]
    now.now += 2 * search_cache.LEASE_SECONDS
    lost.vouch(11, caught_up=True)
    lost.drop({ROUTE_DAY}, 12)
    assert waits[1:] == [0.0]


def test_a_server_lost_after_a_renewal_is_waited_for_from_there(valkey_url: str) -> None:
    waits: list[float] = []
    now = Seconds()
    client = redis.Redis.from_url(valkey_url)
    answers = RedisCachedAnswers(client, monotonic=now, wait=waits.append)
    answers.begin()
    now.now += 1
    answers.vouch(10, caught_up=True)
    client.connection_pool = redis.Redis.from_url(NOWHERE).connection_pool
    now.now += 1
    answers.drop({ROUTE_DAY}, 11)
    assert waits == [2 * search_cache.LEASE_SECONDS - 1]


async def anything() -> int:
    """The request has not written or seen anything yet."""
    return 0


class DirectSearch:
    """The read model, counting how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, **wanted: Any) -> tuple[list[FlightOffer], AsOf]:
        self.asked += 1
        return [offer(5)] if wanted["origin"] == "RUH" else [], AsOf(10, 0.0)


async def test_a_second_search_does_not_ask_the_read_model(
    cache: RedisSearchCache, answers: RedisCachedAnswers
) -> None:
    direct = DirectSearch()
    search = CachedSearch(cache, direct, needed=anything, monotonic=time.monotonic)
    wanted: dict[str, Any] = {"destination": "JED", "local_date": DAY, "cabin": "Y"}
    first = await search(origin="RUH", seat_count=1, **wanted)
    second = await search(origin="RUH", seat_count=1, **wanted)
    assert (direct.asked, list(first[0])) == (1, list(second[0]))
    for _ in range(2):
        await search(origin="DMM", seat_count=1, **wanted)
    assert direct.asked == 3, "what is not there is not cached"


async def test_a_cached_answer_that_lacks_what_its_client_wrote_is_not_given(
    cache: RedisSearchCache, answers: RedisCachedAnswers
) -> None:
    wrote = 0

    async def needed() -> int:
        return wrote

    direct = DirectSearch()
    search = CachedSearch(cache, direct, needed=needed, monotonic=time.monotonic)
    wanted: dict[str, Any] = {"destination": "JED", "local_date": DAY, "cabin": "Y"}
    _, as_of = await search(origin="RUH", seat_count=1, **wanted)
    for wrote, asked in ((0, 1), (as_of.position, 1), (as_of.position + 1, 2)):
        await search(origin="RUH", seat_count=1, **wanted)
        assert direct.asked == asked, wrote


async def test_without_redis_every_search_is_direct_and_redis_rests() -> None:
    now = Seconds()
    client = rate_limit.make_client(NOWHERE)
    cache = RedisSearchCache(client)
    with pytest.raises(Unavailable):
        await cache.find([QUESTION])
    looked = 0

    class Counting(RedisSearchCache):
        async def find(self, questions: Any) -> Any:
            nonlocal looked
            looked += 1
            return await super().find(questions)

    direct = DirectSearch()
    search = CachedSearch(Counting(client), direct, needed=anything, monotonic=now)
    for _ in range(3):
        await search(origin="RUH", destination="JED", local_date=DAY, cabin="Y", seat_count=1)
    assert (direct.asked, looked) == (3, 1)
    now.now += 5
    await search(origin="RUH", destination="JED", local_date=DAY, cabin="Y", seat_count=1)
    assert looked == 2
    await client.aclose()
