"""Finds the checkout session of an attempt among all sessions: one shared, bounded search for many.

Stripe has no filter for metadata, so sessions are listed. What was listed once is remembered by the
second in which it was created, for all attempts: the search of a second attempt of the same hours
costs no call, and one that ran into the limit goes on where it ended.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from application.payment import gateway

PAGE_SIZE = 100
# Calls of all searches of a process together, a fraction of what Stripe allows in a second.
PAGES_PER_MINUTE = 50
MINUTE_SECONDS = 60.0
# Sessions created so recently may not be listed yet, by a clock that differs from Stripe's.
UNSETTLED_SECONDS = 300
REMEMBERED_LIMIT = 200_000


class ListedSession(msgspec.Struct, frozen=True):
    """A session in a list; `created` in seconds since 1970, `attempt` from our metadata."""

    id: str
    created: int
    attempt: str | None


class SessionPage(msgspec.Struct, frozen=True):
    """A page of sessions, the newest first."""

    sessions: Sequence[ListedSession]
    has_more: bool


ListPage = Callable[[dict[str, Any]], Awaitable[SessionPage]]
"""Returns the page of Stripe's list with these parameters; raises GatewayFailure."""


class SessionSearch:
    """One page at a time, whoever asks. Used from one event loop only."""

    def __init__(
        self,
        list_page: ListPage,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._list_page = list_page
        self._monotonic = monotonic
        self._now = now
        self._lock = asyncio.Lock()
        self._sessions: dict[str, ListedSession] = {}
        # Seconds of which all sessions are known: disjoint, in order, both ends included.
        self._known: list[tuple[int, int]] = []
        self._calls: deque[float] = deque()

    async def find(self, attempt: str, *, since: int, until: int) -> str | None:
        """Return the id of the attempt's session that was created in the window, if there is one.

        Raises GatewayFailure; GatewayUnavailable also when the calls of this minute are used up.
        """
        async with self._lock:
            if len(self._sessions) > REMEMBERED_LIMIT:
                self._sessions.clear()
                self._known.clear()
            for low, high in reversed(self._gaps(since, until)):
                if attempt in self._sessions:
                    break
                await self._list(low, high, attempt)
            found = self._sessions.get(attempt)
        return found.id if found is not None and since <= found.created <= until else None

    async def _list(self, low: int, high: int, attempt: str) -> None:
        """List the sessions of the window, the newest first, until the attempt's is among them."""
        params: dict[str, Any] = {"limit": PAGE_SIZE, "created": {"gte": low, "lte": high}}
        top = min(high, int(self._now()) - UNSETTLED_SECONDS)
        while True:
            self._spend_call()
            page = await self._list_page(params)
            for session in page.sessions:
                if session.attempt is not None:
                    self._sessions[session.attempt] = session
            if page.sessions:
                top = max(top, page.sessions[0].created - 1)
            # More sessions of the oldest second may be on the next page.
            bottom = page.sessions[-1].created + 1 if page.has_more else low
            self._remember(bottom, top)
            if not page.has_more or attempt in self._sessions:
                return
            params["starting_after"] = page.sessions[-1].id

    def _spend_call(self) -> None:
        now = self._monotonic()
        while self._calls and self._calls[0] <= now - MINUTE_SECONDS:
            self._calls.popleft()
        if len(self._calls) >= PAGES_PER_MINUTE:
            raise gateway.GatewayUnavailable("the search for sessions goes on in a minute")
        self._calls.append(now)

    def _gaps(self, low: int, high: int) -> list[tuple[int, int]]:
        """Return the parts of the window that were not listed yet, the oldest first."""
        gaps = []
        for known_low, known_high in self._known:
            if known_high < low or known_low > high:
                continue
            if low < known_low:
                gaps.append((low, known_low - 1))
            low = known_high + 1
        if low <= high:
            gaps.append((low, high))
        return gaps

    def _remember(self, low: int, high: int) -> None:
        """All sessions created from `low` to `high` are known."""
        if low > high:
            return
        apart = []
        for known_low, known_high in self._known:
            if known_high + 1 < low or high + 1 < known_low:
                apart.append((known_low, known_high))
            else:
                low, high = min(low, known_low), max(high, known_high)
        self._known = sorted([*apart, (low, high)])
