"""What limited answers say of the limit, over real HTTP; and one window of two processes."""

import subprocess
import sys

import httpx
import pytest

from application.rate_limit import Limit
from tests.bench.bench_setup import REPOSITORY
from tests.support.http_client import GENEROUS, Edge
from tests.support.served_edge import serving

LIMITS = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset")
# Tokens that one process gets of a window, asked for one after the other.
TAKING = """
import asyncio, sys, time
from application.rate_limit import Limit
from infrastructure.redis import rate_limit
from interfaces.http.problems import Problem
from interfaces.http.rate_limit import RateLimiter

rate_limit.TIMEOUT_SECONDS = 30

async def main():
    client = rate_limit.make_client(sys.argv[1])
    store = rate_limit.RedisTokenStore(client)
    limits = {"booking": Limit(int(sys.argv[2]), 600)}
    limiter = RateLimiter(limits, store, monotonic=time.monotonic)
    sys.stdin.readline()
    granted = 0
    for _ in range(int(sys.argv[3])):
        try:
            if not limiter.take_at_hand("booking", "usr_one"):
                await limiter.take("booking", "usr_one")
        except Problem:
            continue
        granted += 1
    print(granted)

asyncio.run(main())
"""


async def answers(edge: Edge, path: str, count: int, **headers: str) -> list[httpx.Response]:
    async with (
        serving(edge) as (_, port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client,
    ):
        return [await client.get(path) for _ in range(count)]


def sent(answer: httpx.Response) -> list[int]:
    return [int(answer.headers[name]) for name in LIMITS]


async def test_a_limited_answer_says_how_much_is_left() -> None:
    found = await answers(Edge(limits={**GENEROUS, "anonymous": Limit(3, 60)}), "/counted", 5)
    assert [each.status_code for each in found] == [200, 200, 200, 429, 429]
    assert [sent(each) for each in found] == [[3, 2, 60], [3, 1, 60], [3, 0, 60]] + [[3, 0, 60]] * 2
    assert [each.headers.get("retry-after") for each in found] == [None] * 3 + ["60"] * 2


async def test_of_several_limits_the_one_with_least_left_is_named() -> None:
    limits = {**GENEROUS, "signed_in": Limit(9, 60), "booking": Limit(2, 60)}
    edge = Edge(limits=limits)
    async with edge.client() as client:
        found = [await client.post("/probe", headers=edge.bearer()) for _ in range(3)]
        other = await client.get("/api/auth/me", headers=edge.bearer())
    assert [sent(each)[:2] for each in found] == [[2, 1], [2, 0], [2, 0]]
    assert sent(other)[:2] == [9, 5]


async def test_a_large_limit_is_right_although_it_is_taken_in_slices() -> None:
    edge = Edge(limits={**GENEROUS, "anonymous": Limit(1_000, 60)})
    found = await answers(edge, "/counted", 25)
    assert [sent(each)[1] for each in found] == list(range(999, 974, -1))


async def test_what_is_not_limited_says_nothing_of_limits() -> None:
    (answer,) = await answers(Edge(), "/health/live", 1)
    assert not set(LIMITS) & set(answer.headers)


async def test_without_the_store_the_headers_are_of_this_process() -> None:
    edge = Edge(limits={**GENEROUS, "anonymous": Limit(3, 60)})
    edge.store.away = True
    found = await answers(edge, "/counted", 4)
    assert [sent(each)[:2] for each in found] == [[3, 2], [3, 1], [3, 0], [3, 0]]


@pytest.mark.parametrize("limit", [30, 400])
def test_two_processes_share_one_window(valkey_url: str, limit: int) -> None:
    tries = str(limit)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TAKING, valkey_url, str(limit), tries],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for each in processes:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    granted = [int(each.communicate(timeout=60)[0]) for each in processes]
    # A process may keep a few tokens of its last slice.
    assert limit - 2 * (limit // 100) <= sum(granted) <= limit
