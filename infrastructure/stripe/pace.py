"""Keeps the requests of this process below Stripe's limits, the most urgent first.

Stripe counts requests in a second, of the account and of each endpoint, and asks its clients to
stay below (https://docs.stripe.com/rate-limits). Several processes share an account by parts that
the settings give them: no part can be used up by another process, a worker's sweeps never delay
the checkouts of a web process, and no call depends on a further server.
"""

import asyncio
import bisect
import itertools
import logging
import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from application import metrics
from application.payment.gateway import GatewayNotExecuted
from application.payment.urgency import Urgency

logger = logging.getLogger(__name__)

SECOND = 1.0
# Requests that may wait at once; beyond it the least urgent are not sent.
WAITING_LIMIT = 1_000
WARNING_SECONDS = 60.0
# What each urgency may use of a limit, in percent: the rest is free for what is more urgent.
ROOM_PERCENT: Mapping[Urgency, int] = {
    Urgency.CHECKOUT: 100,
    Urgency.EFFECT: 80,
    Urgency.SWEEP: 50,
}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Requests in any second that this process may send: in all, and to one endpoint."""

    account: int
    endpoint: int


class Window:
    """The requests of the last second under one limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sent: deque[float] = deque()
        self._paused_until = -math.inf

    def opens_at(self, now: float, urgency: Urgency) -> float:
        """Return the time from which one more request of this urgency is within the limit."""
        while self._sent and self._sent[0] + SECOND <= now:
            self._sent.popleft()
        room = max(1, self._limit * ROOM_PERCENT[urgency] // 100)
        free_at = self._sent[-room] + SECOND if len(self._sent) >= room else -math.inf
        return max(free_at, self._paused_until)

    def count(self, now: float) -> None:
        """Count a request that is sent now."""
        self._sent.append(now)

    def used(self, now: float) -> float:
        """Return the part of the limit that the last second used."""
        return sum(sent + SECOND > now for sent in self._sent) / self._limit

    def pause(self, until: float) -> None:
        """Send nothing until then."""
        self._paused_until = max(self._paused_until, until)


class Waiting(msgspec.Struct, frozen=True, order=False):
    """A request that waits for its turn, at the latest until a time of the clock."""

    rank: tuple[Urgency, int]
    endpoint: str
    until: float
    turn: asyncio.Future[None]

    @property
    def urgency(self) -> Urgency:
        """Return its urgency."""
        return self.rank[0]


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Forget the call."""
        ...


CallLater = Callable[[float, Callable[[], None]], Timer]
"""Calls back after so many seconds."""


class Pace:
    """Admits requests within the limits. Used from one event loop only."""

    def __init__(
        self,
        limits: Limits,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        call_later: CallLater | None = None,
        carrier: str = "",
    ) -> None:
        self._carrier = carrier
        self._limits = limits
        self._monotonic = monotonic
        self._call_later = call_later
        self._account = Window(limits.account)
        self._endpoints: dict[str, Window] = {}
        self._waiting: list[Waiting] = []
        self._arrivals = itertools.count()
        self._timer: Timer | None = None
        self._refused = 0
        self._warns_from = -math.inf

    def now(self) -> float:
        """Return the time of the clock, in seconds."""
        return self._monotonic()

    async def admit(self, endpoint: str, urgency: Urgency, *, until: float) -> None:
        """Wait for the turn of a request to this endpoint, at most until this time of the clock.

        Raises GatewayNotExecuted when its turn does not come until then, or too many wait.
        """
        now = self._monotonic()
        if not self._waiting and self._opens_at(endpoint, urgency, now) <= now:
            self._count(endpoint, now)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = Waiting((urgency, next(self._arrivals)), endpoint, until, turn)
        bisect.insort(self._waiting, waiting, key=lambda each: each.rank)
        self._serve()
        await turn

    def pause(self, endpoint: str | None, seconds: float) -> None:
        """Send nothing more to the endpoint, or nothing at all where it is None, for some time."""
        until = self._monotonic() + seconds
        (self._account if endpoint is None else self._window(endpoint)).pause(until)

    def _serve(self) -> None:
        """Admit all whose turn has come, the most urgent first; refuse those who waited too long.

        A request whose endpoint is busy does not hold up others behind it.
        """
        now = self._monotonic()
        wake_at = math.inf
        staying: list[Waiting] = []
        for each in self._waiting:
            if each.turn.done():
                continue  # its caller was cancelled
            opens_at = self._opens_at(each.endpoint, each.urgency, now)
            if opens_at <= now:
                self._count(each.endpoint, now)
                each.turn.set_result(None)
            elif each.until <= now or len(staying) >= WAITING_LIMIT:
                each.turn.set_exception(GatewayNotExecuted("not sent: our limit of requests"))
                self._count_refused(now)
            else:
                wake_at = min(wake_at, opens_at, each.until)
                staying.append(each)
        self._waiting = staying
        self._wake(wake_at - now)

    def _count_refused(self, now: float) -> None:
        """Warn of the requests that were not sent, in one line for many."""
        metrics.STRIPE_NOT_SENT.add(self._carrier)
        self._refused += 1
        if now >= self._warns_from:
            logger.warning("requests to Stripe not sent for our limit: %d", self._refused)
            self._refused = 0
            self._warns_from = now + WARNING_SECONDS

    def _wake(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            call_later = self._call_later or asyncio.get_running_loop().call_later
            self._timer = call_later(seconds, self._serve)

    def _opens_at(self, endpoint: str, urgency: Urgency, now: float) -> float:
        account = self._account.opens_at(now, urgency)
        return max(account, self._window(endpoint).opens_at(now, urgency))

    def _count(self, endpoint: str, now: float) -> None:
        self._account.count(now)
        metrics.STRIPE_LIMIT_USED.set(self._account.used(now), self._carrier)
        self._window(endpoint).count(now)

    def _window(self, endpoint: str) -> Window:
        return self._endpoints.setdefault(endpoint, Window(self._limits.endpoint))
