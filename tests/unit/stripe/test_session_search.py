"""The search for sessions: shared by all attempts, bounded, and never begun anew."""

import asyncio
from typing import Any

import pytest

from application.payment.gateway import GatewayUnavailable
from infrastructure.stripe.session_search import (
    MINUTE_SECONDS,
    PAGE_SIZE,
    PAGES_PER_MINUTE,
    UNSETTLED_SECONDS,
    ListedSession,
    SessionPage,
    SessionSearch,
)

START = 1_800_000_000
HOUR = 3_600
LATER = float(START + 48 * HOUR)


class Stripe:
    """A list of sessions, one a second by default, the newest first; it counts the calls."""

    def __init__(self, count: int, *, per_second: int = 1) -> None:
        self.sessions = [
            ListedSession(f"cs_{n}", START + n // per_second, f"attempt-{n}") for n in range(count)
        ][::-1]
        self.calls = 0
        self.seconds = 0.0
        self.now = LATER

    async def page(self, params: dict[str, Any]) -> SessionPage:
        """A page as Stripe lists it."""
        self.calls += 1
        await asyncio.sleep(0)
        window = params["created"]
        found = [s for s in self.sessions if window["gte"] <= s.created <= window["lte"]]
        after = params.get("starting_after")
        begin = 0 if after is None else [s.id for s in found].index(after) + 1
        page = found[begin : begin + params["limit"]]
        return SessionPage(page, begin + len(page) < len(found))

    def search(self) -> SessionSearch:
        """A search of this list."""
        return SessionSearch(self.page, monotonic=lambda: self.seconds, now=lambda: self.now)


async def find(search: SessionSearch, attempt: str, *, until: int = START + HOUR) -> str | None:
    return await search.find(attempt, since=START, until=until)


async def test_many_attempts_of_the_same_hour_share_one_search() -> None:
    stripe = Stripe(2_000)
    search = stripe.search()
    wanted = [f"attempt-{n}" for n in range(0, 2_000, 4)] + [f"missing-{n}" for n in range(100)]
    found = await asyncio.gather(*(find(search, each) for each in wanted))
    assert found[:2] == ["cs_0", "cs_4"]
    assert found.count(None) == 100
    assert stripe.calls == 2_000 // PAGE_SIZE


async def test_a_search_beyond_the_limit_goes_on_later_where_it_ended() -> None:
    count = (PAGES_PER_MINUTE + 20) * PAGE_SIZE
    stripe = Stripe(count, per_second=7)
    search = stripe.search()
    for _ in range(3):
        with pytest.raises(GatewayUnavailable):
            await find(search, "attempt-0")
    assert stripe.calls == PAGES_PER_MINUTE, "no call beyond the limit, whoever asks"
    assert await find(search, f"attempt-{count - 1}") == f"cs_{count - 1}", "listed already"
    stripe.seconds += MINUTE_SECONDS
    assert await find(search, "attempt-0") == "cs_0"
    # Sessions of the second where it ended are listed twice.
    assert stripe.calls <= PAGES_PER_MINUTE + 21


async def test_more_sessions_in_one_second_than_a_page_holds_are_all_found() -> None:
    stripe = Stripe(450, per_second=450)
    search = stripe.search()
    assert await find(search, "attempt-0") == "cs_0"
    assert await find(search, "attempt-449") == "cs_449"


async def test_a_session_that_was_not_listed_yet_is_found_by_the_next_search() -> None:
    stripe = Stripe(10)
    stripe.now = float(START + 9)
    search = stripe.search()
    assert await find(search, "attempt-late") is None
    stripe.sessions.insert(0, ListedSession("cs_late", START + 9, "attempt-late"))
    stripe.now += UNSETTLED_SECONDS + 60
    assert await find(search, "attempt-late") == "cs_late"


async def test_only_sessions_of_the_window_are_found() -> None:
    search = Stripe(100).search()
    assert await find(search, "attempt-50") == "cs_50"
    assert await find(search, "attempt-50", until=START + 49) is None
