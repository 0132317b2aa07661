"""Stripe's limits of requests a second: of the account, and of each endpoint with all ids together.

Off unless they are set, so that tests and benchmarks measure the caller and not the limit. They
count real seconds: a moved clock of the account makes no room.
Source: https://docs.stripe.com/rate-limits, also for the words of the header.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from infrastructure.stripe_simulator.configuration import Limits
from infrastructure.stripe_simulator.errors import ApiError

WINDOW_SECONDS = 1.0


class RateLimiter:
    """Counts the requests of the last second; a refused request is not counted."""

    def __init__(self, limits: Limits, *, now: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._now = now
        self._account: deque[float] = deque()
        self._endpoints: dict[str, deque[float]] = {}

    def admit(self, endpoint: str) -> None:
        """Count a request of the endpoint; raises RateLimited with the limit that it exceeds."""
        now = self._now()
        of_endpoint = self._endpoints.setdefault(endpoint, deque())
        for times in (self._account, of_endpoint):
            while times and times[0] <= now - WINDOW_SECONDS:
                times.popleft()
        if _is_full(self._account, self.limits.of_account()):
            raise RateLimited("global-rate")
        if _is_full(of_endpoint, self.limits.of_endpoint()):
            raise RateLimited("endpoint-rate")
        if self.limits != Limits():
            self._account.append(now)
            of_endpoint.append(now)


class RateLimited(ApiError):
    """A request above a limit: nothing was executed, so that the caller may send it again."""

    def __init__(self, reason: Literal["global-rate", "endpoint-rate"]) -> None:
        super().__init__(429, "Too many requests: please slow down.", code="rate_limit")
        self.headers = {"Stripe-Rate-Limited-Reason": reason, "Stripe-Should-Retry": "true"}


def _is_full(times: deque[float], limit: int | None) -> bool:
    return limit is not None and len(times) >= limit
