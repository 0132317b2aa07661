"""Requests that arrived at the Stripe simulator during `bench stripe-away`, by endpoint and second.

The simulator keeps the last thousand only, so they are collected while the benchmark runs.
"""

import asyncio
import contextlib
import re
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable, Sequence

import httpx
import msgspec

# Within this time far fewer arrive than the simulator keeps.
COLLECT_SECONDS = 2.0
# Ids of Stripe's objects in a path: Stripe counts an endpoint with all ids together.
_ID = re.compile(r"/(?:cs|pi|ch|py|re|evt)_[^/]+")


class Call(msgspec.Struct, frozen=True):
    """One request; `at` is when it arrived, in seconds since the epoch."""

    id: str
    at: float
    method: str
    path: str
    status: int
    replayed: bool
    fault: str | None

    @property
    def endpoint(self) -> str:
        """Return the method and the path, all ids together."""
        return f"{self.method} {_ID.sub('/{id}', self.path)}"

    @property
    def succeeded(self) -> bool:
        """Return whether it was carried out by this very request."""
        return self.status == 200 and self.fault is None and not self.replayed


class _Page(msgspec.Struct):
    data: list[Call]


class CallLog:
    """All requests since the collection began, by id."""

    def __init__(self, stripe_url: str) -> None:
        self._url = f"{stripe_url}/_control/requests"
        self._found: dict[str, Call] = {}

    async def collect(self, client: httpx.AsyncClient) -> None:
        """Add what the simulator has now."""
        answer = await client.get(self._url)
        page = msgspec.json.decode(answer.content, type=_Page)
        self._found.update((call.id, call) for call in page.data)

    def between(self, first: float, last: float) -> list[Call]:
        """Return the calls that arrived from the first moment until before the last, in order."""
        found = (call for call in self._found.values() if first <= call.at < last)
        return sorted(found, key=lambda call: call.at)


@contextlib.asynccontextmanager
async def collecting(stripe_url: str) -> AsyncIterator[CallLog]:
    """Collect in the background until the block ends, and once more at its end."""
    log = CallLog(stripe_url)

    async def collect_on() -> None:
        while True:
            await log.collect(client)
            await asyncio.sleep(COLLECT_SECONDS)

    async with httpx.AsyncClient(timeout=30) as client:
        task = asyncio.create_task(collect_on())
        try:
            yield log
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def most_in_a_second(calls: Iterable[Call]) -> int:
    """Return the largest number of calls, in order of arrival, within any second."""
    recent: deque[float] = deque()
    most = 0
    for call in calls:
        recent.append(call.at)
        while recent[0] <= call.at - 1.0:
            recent.popleft()
        most = max(most, len(recent))
    return most


def most_to_an_endpoint(calls: Sequence[Call]) -> int:
    """Return the largest number of calls to one endpoint within any second."""
    endpoints = {call.endpoint for call in calls}
    return max(
        (most_in_a_second(c for c in calls if c.endpoint == each) for each in endpoints), default=0
    )


def by_slice(calls: Iterable[Call], *, since: float, seconds: float) -> dict[int, Counter[str]]:
    """Return the calls by endpoint for each slice of so many seconds since a moment."""
    found: dict[int, Counter[str]] = {}
    for call in calls:
        found.setdefault(int((call.at - since) // seconds), Counter())[call.endpoint] += 1
    return found
