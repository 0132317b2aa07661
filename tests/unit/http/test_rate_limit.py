"""Leases of the limiter: never more than the limit, few questions, alone when the store is away."""

import asyncio
import ipaddress

import pytest

from application.rate_limit import Limit, Slice
from interfaces.http import rate_limit
from interfaces.http.problems import Problem
from interfaces.http.rate_limit import LimitReached, RateLimiter
from tests.support.http_client import GENEROUS, MemoryTokenStore, Seconds


def limiter(
    time: Seconds, store: MemoryTokenStore | None, count: int, window: int = 60
) -> RateLimiter:
    return RateLimiter({**GENEROUS, "booking": Limit(count, window)}, store, monotonic=time)


async def admitted(each: RateLimiter, attempts: int, client: str = "usr_one") -> int:
    """How many of the attempts were let through."""
    passed = 0
    for _ in range(attempts):
        if each.take_at_hand("booking", client):
            passed += 1
            continue
        try:
            await each.take("booking", client)
        except Problem as problem:
            assert problem.code == "RATE_LIMITED"
        else:
            passed += 1
    return passed


@pytest.mark.parametrize("count", [1, 5, 99, 100, 120, 1000])
async def test_one_process_lets_exactly_the_limit_through(count: int) -> None:
    time = Seconds()
    assert await admitted(limiter(time, MemoryTokenStore(time), count), count + 20) == count


async def test_two_processes_share_a_small_limit_exactly() -> None:
    time = Seconds()
    store = MemoryTokenStore(time)
    first, second = limiter(time, store, 7), limiter(time, store, 7)
    passed = 0
    for _ in range(10):
        passed += await admitted(first, 1) + await admitted(second, 1)
    assert passed == 7


async def test_two_processes_never_exceed_a_large_limit() -> None:
    time = Seconds()
    store = MemoryTokenStore(time)
    first, second = limiter(time, store, 1000), limiter(time, store, 1000)
    passed = await admitted(first, 5) + await admitted(second, 2000)
    assert passed == 995  # the five unspent tokens of the first one's lease are not given twice
    assert passed + await admitted(first, 10) == 1000


async def test_seats_are_counted_all_or_none_and_can_be_released() -> None:
    time = Seconds()
    each = limiter(time, MemoryTokenStore(time), 10)
    assert await each.take_many("booking", "usr_one", 7) == 0
    assert await each.take_many("booking", "usr_one", 4) == 60
    assert await each.take_many("booking", "usr_one", 3) == 0
    each.release("booking", "usr_one", 7)
    assert await each.take_many("booking", "usr_one", 7) == 0
    assert await each.take_many("booking", "usr_one", 1) == 60
    time.now += 61
    assert await each.take_many("booking", "usr_one", 10) == 0


async def test_the_oldest_window_is_forgotten_beyond_the_number_that_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rate_limit, "LEDGER_LIMIT", 2)
    each = limiter(Seconds(), None, 1)
    found = [await admitted(each, 1, client) for client in ("one", "two", "two", "three", "one")]
    assert found == [1, 1, 0, 1, 1]


async def test_two_processes_never_count_more_seats_than_the_limit() -> None:
    time = Seconds()
    store = MemoryTokenStore(time)
    both = limiter(time, store, 30), limiter(time, store, 30)
    answers = await asyncio.gather(
        *(both[number % 2].take_many("booking", "usr_one", 9) for number in range(10))
    )
    assert answers.count(0) <= 3


async def refusals(each: RateLimiter, attempts: int, client: str = "usr_one") -> list[bool]:
    """Of each refused attempt whether it was the first of its window."""
    found = []
    for _ in range(attempts):
        try:
            await each.take("booking", client)
        except LimitReached as reached:
            found.append(reached.is_first)
    return found


async def test_a_window_has_one_first_refusal_of_all_processes() -> None:
    time = Seconds()
    store = MemoryTokenStore(time)
    both = limiter(time, store, 2), limiter(time, store, 2)
    for _ in range(2):
        found = await refusals(both[0], 5) + await refusals(both[1], 5)
        assert found == [True] + [False] * 7
        time.now += 61
    assert await refusals(both[0], 3, "usr_two") == [True]


async def test_many_refused_at_once_are_one_first_refusal_also_without_a_store() -> None:
    time = Seconds()
    store = MemoryTokenStore(time)
    each, other = limiter(time, store, 1), limiter(time, store, 1)
    store.away = True
    found = await asyncio.gather(*(refusals(each, 3) for _ in range(5)))
    assert [is_first for some in found for is_first in some].count(True) == 1
    assert await refusals(other, 3) == [True, False]


async def test_a_raised_limit_asks_the_store_rarely() -> None:
    time = Seconds()
    store = MemoryTokenStore(time)
    assert await admitted(limiter(time, store, 1_000_000), 5_000) == 5_000
    assert store.questions == 1


async def test_a_spent_window_asks_the_store_no_more() -> None:
    time = Seconds()
    store = MemoryTokenStore(time)
    each = limiter(time, store, 3)
    await admitted(each, 4)
    questions = store.questions
    assert await admitted(each, 100) == 0
    assert store.questions == questions


class SlowStore(MemoryTokenStore):
    """It answers when the others have asked."""

    async def take(self, key: str, *, want: int, limit: Limit) -> Slice:
        await asyncio.sleep(0)
        return await super().take(key, want=want, limit=limit)


async def test_many_at_once_wait_for_one_question() -> None:
    time = Seconds()
    store = SlowStore(time)
    each = limiter(time, store, 10_000)
    await asyncio.gather(*(each.take("booking", "usr_one") for _ in range(64)))
    assert store.questions == 1


async def test_many_who_take_seats_at_once_wait_for_one_question() -> None:
    time = Seconds()
    store = SlowStore(time)
    each = limiter(time, store, 20_000)
    answers = await asyncio.gather(*(each.take_many("booking", "usr_one", 2) for _ in range(100)))
    assert (set(answers), store.questions) == ({0}, 1)


async def test_of_many_who_take_seats_from_a_spent_window_few_ask_the_store() -> None:
    time = Seconds()
    store = SlowStore(time)
    each = limiter(time, store, 6)
    answers = await asyncio.gather(*(each.take_many("booking", "usr_one", 2) for _ in range(100)))
    assert (answers.count(0), answers.count(60)) == (3, 97)
    assert store.questions <= 4


async def test_a_hundred_at_once_pass_a_small_limit_exactly() -> None:
    time = Seconds()
    each = limiter(time, MemoryTokenStore(time), 5)
    outcomes = await asyncio.gather(
        *(each.take("booking", "usr_one") for _ in range(100)), return_exceptions=True
    )
    assert sum(outcome is None for outcome in outcomes) == 5


async def test_as_many_at_once_as_the_limit_allows_all_pass() -> None:
    time = Seconds()

    store = SlowStore(time)
    each = limiter(time, store, 60)
    await asyncio.gather(*(each.take("booking", "usr_one") for _ in range(60)))
    assert store.questions < 5


async def test_the_window_opens_again() -> None:
    time = Seconds()
    each = limiter(time, MemoryTokenStore(time), 3)
    assert await admitted(each, 9) == 3
    time.now += 59
    assert await admitted(each, 9) == 0
    time.now += 1
    assert await admitted(each, 9) == 3


async def test_the_wait_is_given_in_whole_seconds() -> None:
    time = Seconds()
    each = limiter(time, MemoryTokenStore(time), 1)
    await each.take("booking", "usr_one")
    time.now += 0.5
    with pytest.raises(Problem) as limited:
        await each.take("booking", "usr_one")
    assert limited.value.headers == {"retry-after": "60"}


async def test_clients_and_limits_are_counted_apart() -> None:
    time = Seconds()
    each = limiter(time, MemoryTokenStore(time), 2)
    assert await admitted(each, 5, "usr_one") == await admitted(each, 5, "usr_two") == 2
    await each.take("payment", "usr_one")


async def test_without_the_store_a_process_counts_by_itself_and_comes_back() -> None:
    time = Seconds()
    store = MemoryTokenStore(time)
    store.away = True
    each = limiter(time, store, 4)
    assert await admitted(each, 9) == 4
    assert store.questions == 1
    store.away = False
    time.now += 60
    assert await admitted(each, 9) == 4
    assert store.questions > 1


async def test_one_process_without_a_store_keeps_every_limit_by_itself() -> None:
    time = Seconds()
    each = limiter(time, None, 4)
    for _ in range(2):
        tries = await asyncio.gather(*(admitted(each, 1) for _ in range(9)))
        assert sum(tries) == await admitted(each, 9, "usr_two") == 4
        assert await each.take_many("booking", "usr_three", 3) == 0
        assert await each.take_many("booking", "usr_three", 2) > 0
        time.now += 60


async def test_a_store_lost_in_the_middle_of_a_window_neither_opens_nor_closes_it() -> None:
    time = Seconds()
    store = MemoryTokenStore(time)
    each, other = limiter(time, store, 9), limiter(time, store, 9)
    assert await admitted(other, 3) == 3
    assert await admitted(each, 2) == 2
    store.away = True
    assert each.standing("booking", "usr_one").remaining == 4
    assert await admitted(each, 9) == 4
    assert each.standing("booking", "usr_one").remaining == 0
    # What it knew of the window when the store last answered: nobody had taken the other six.
    assert await admitted(other, 9) == 6
    time.now += 60
    assert await admitted(each, 20) == 9


async def test_one_who_stops_waiting_leaves_the_others_be() -> None:
    time = Seconds()
    gate = asyncio.Event()

    class GatedStore(MemoryTokenStore):
        async def take(self, key: str, *, want: int, limit: Limit) -> Slice:
            await gate.wait()
            return await super().take(key, want=want, limit=limit)

    each = limiter(time, GatedStore(time), 1000)
    asking = asyncio.create_task(each.take("booking", "usr_one"))
    waiting = asyncio.create_task(each.take("booking", "usr_one"))
    await asyncio.sleep(0)
    asking.cancel()
    gate.set()
    await waiting
    assert asking.cancelled()


PROXIES = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "2001:db8:1::/48")))


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("203.0.113.1", None, "203.0.113.1"),
        ("203.0.113.1", b"198.51.100.1", "203.0.113.1"),
        ("10.1.2.3", b"198.51.100.1", "198.51.100.1"),
        ("10.1.2.3", b"6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.1.2.3", b"198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("10.1.2.3", b"10.9.9.9", "10.9.9.9"),
        ("10.1.2.3", b"rubbish", "10.1.2.3"),
        ("10.1.2.3", b"198.51.100.1, rubbish", "10.1.2.3"),
        ("10.1.2.3", b"", "10.1.2.3"),
        ("10.1.2.3", b"," * 100_000, "10.1.2.3"),
        ("10.1.2.3", b"6.6.6.6, " * 500 + b"198.51.100.1", "198.51.100.1"),
        ("10.1.2.3", b"10.6.6.6, " * 500 + b"198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("2001:db8:1::5", b"2001:db8:9:9:1:2:3:4", "2001:db8:9:9::/64"),
        ("2001:db8:7:7::1", None, "2001:db8:7:7::/64"),
        ("::ffff:10.1.2.3", b"198.51.100.1", "198.51.100.1"),
        (None, b"198.51.100.1", "local"),
        ("not an address", None, "unknown"),
    ],
)
def test_the_address_is_believed_from_our_proxies_only(
    peer: str | None, forwarded: bytes | None, counted: str
) -> None:
    assert rate_limit.client_address(peer, forwarded, PROXIES) == counted
