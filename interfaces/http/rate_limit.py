"""Limits of requests for each client: windows shared by all processes, taken by leases.

A process asks the shared store for a slice of a window's tokens and spends it alone, so a high
limit costs next to nothing per request. Slices never add up to more than the limit: what leases
cost is that a process may hold a few tokens that another would need, at most a hundredth of the
limit each; a limit under 100 is counted one by one. Without a store each process counts by itself;
so it does while the store does not answer, and asks again after some seconds.
"""

import asyncio
import functools
import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from application.booking.unpaid_seats import (
    AGENT_MULTIPLE,
    WINDOW_SECONDS,
    UnpaidSeatLimits,
    UnpaidWindow,
)
from application.ports import Unavailable
from application.rate_limit import Limit, Slice, TokenStore
from interfaces.http.problems import Problem
from interfaces.settings import Settings

LimitName = (
    Literal["anonymous", "signed_in", "staff", "authentication", "booking", "payment"]
    | Literal["client"]
    | Literal["gift_code", "gift_code_address", "find_address", "find_reference"]
    | UnpaidWindow
)

LEASE_DIVISOR = 100
LEDGER_LIMIT = 50_000
STORE_PAUSE_SECONDS = 5.0
TURN_LIMIT = 8
# Of the end of the header: what our proxies add stands behind whatever a client wrote.
FORWARDED_LENGTH = 2_048

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class LimitReached(Problem):
    """A window is spent. `is_first` is whether it has refused nothing before, in any process."""

    is_first = False


class _Lease:
    """What this process holds of one window."""

    __slots__ = ("asking", "closes_at", "left", "many", "refuses_until", "tokens", "waiting")

    def __init__(self) -> None:
        self.tokens = 0
        self.left = 0
        self.closes_at = 0.0
        self.refuses_until = 0.0
        self.asking: asyncio.Future[None] | None = None
        self.waiting = 0
        self.many = asyncio.Lock()


class Standing(NamedTuple):
    """Where a client stands in a window that closes after so many seconds."""

    limit: int
    remaining: int
    closes_in_seconds: float


class RateLimiter:
    """`monotonic` gives seconds. Not for several threads."""

    def __init__(
        self,
        limits: Mapping[LimitName, Limit],
        store: TokenStore | None,
        *,
        monotonic: Callable[[], float],
    ) -> None:
        self._limits = limits
        self._store = store
        self._monotonic = monotonic
        self._leases: OrderedDict[tuple[LimitName, str], _Lease] = OrderedDict()
        self._store_rests_until = 0.0

    def take_at_hand(self, name: LimitName, client: str) -> bool:
        """Spend a token that this process has already; False means: call `take`."""
        lease = self._leases.get((name, client))
        if lease is None or lease.tokens < 1 or self._monotonic() >= lease.closes_at:
            return False
        lease.tokens -= 1
        return True

    async def take(self, name: LimitName, client: str) -> None:
        """Spend a token; raises LimitReached with the seconds to wait."""
        lease = self._lease(name, client)
        for _ in range(TURN_LIMIT):
            remaining = lease.closes_at - self._monotonic()
            if remaining > 0 and lease.tokens > 0:
                lease.tokens -= 1
                return
            if lease.asking is not None:
                await _awaited(lease, lease.asking)
            elif remaining > 0 and lease.tokens < 0:
                problem = _limited(remaining)
                problem.is_first = await self.is_first_refusal(name, client)
                raise problem
            else:
                await self._refill(lease, name, client)
        raise _limited(1)

    async def take_many(self, name: LimitName, client: str, count: int) -> float:
        """Spend `count` tokens or none; returns 0, or the seconds until the window closes.

        One asks the store at a time: of many who asked at once each would get a share of a large
        limit, and a rush would use it up without a seat being held.
        """
        lease = self._lease(name, client)
        async with lease.many:
            self._close(lease)
            if self._remaining(lease) > 0 and lease.tokens + lease.left < count:
                # What is left only falls: nobody who waits here has to ask once more.
                return max(1.0, self._remaining(lease))
            if lease.tokens < count:
                granted = await self._ask(name, client, need=count - lease.tokens)
                self._close(lease)
                lease.tokens, lease.left = lease.tokens + granted.granted, granted.left
                lease.closes_at = self._monotonic() + granted.closes_in_seconds
            if lease.tokens < count:
                return max(1.0, self._remaining(lease))
            lease.tokens -= count
            return 0.0

    def _close(self, lease: _Lease) -> None:
        """Forget the tokens of a window that is over."""
        lease.tokens = max(0, lease.tokens) if self._remaining(lease) > 0 else 0

    def standing(self, name: LimitName, client: str) -> Standing:
        """Return how much of the window is left after the last request that was counted here.

        What other processes have taken since this one last asked is not subtracted yet; under a
        limit of 100 it asks each time.
        """
        lease = self._leases.get((name, client)) or _Lease()
        remaining = max(0, lease.tokens) + lease.left
        return Standing(self._limits[name].count, remaining, max(0.0, self._remaining(lease)))

    async def is_first_refusal(self, name: LimitName, client: str) -> bool:
        """Whether the window refuses for the first time, as far as the processes know together."""
        lease, now = self._lease(name, client), self._monotonic()
        if now < lease.refuses_until:
            return False
        lease.refuses_until = lease.closes_at
        if self._store is None or now < self._store_rests_until:
            return True
        try:
            return await self._store.is_first_refusal(
                f"{name}:{client}", seconds=lease.closes_at - now
            )
        except Unavailable:
            self._store_rests_until = now + STORE_PAUSE_SECONDS
            return True

    def release(self, name: LimitName, client: str, count: int) -> None:
        """Return tokens that `take_many` spent; this process can spend them again."""
        lease = self._lease(name, client)
        if self._remaining(lease) > 0:
            lease.tokens = max(0, lease.tokens) + count

    def _remaining(self, lease: _Lease) -> float:
        return lease.closes_at - self._monotonic()

    def _lease(self, name: LimitName, client: str) -> _Lease:
        lease = self._leases.get((name, client))
        if lease is None:
            lease = self._leases[name, client] = _Lease()
            if len(self._leases) > LEDGER_LIMIT:
                self._leases.popitem(last=False)
        else:
            self._leases.move_to_end((name, client))
        return lease

    async def _refill(self, lease: _Lease, name: LimitName, client: str) -> None:
        """Ask the store once for all waiting requests; -1 tokens mean that the window is spent."""
        asking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        lease.asking = asking
        try:
            granted = await self._ask(name, client, need=1 + lease.waiting)
            lease.tokens, lease.left = granted.granted or -1, granted.left
            lease.closes_at = self._monotonic() + granted.closes_in_seconds
        finally:
            lease.asking = None
            asking.set_result(None)

    async def _ask(self, name: LimitName, client: str, *, need: int) -> Slice:
        limit = self._limits[name]
        now = self._monotonic()
        if self._store is not None and now >= self._store_rests_until:
            want = max(need, limit.count // LEASE_DIVISOR)
            try:
                return await self._store.take(f"{name}:{client}", want=want, limit=limit)
            except Unavailable:
                self._store_rests_until = now + STORE_PAUSE_SECONDS
        return self._alone(name, client, limit, now)

    def _alone(self, name: LimitName, client: str, limit: Limit, now: float) -> Slice:
        """Without the store this process gives a whole window, once per window; of one that began
        with the store what was left of it when the store last answered."""
        lease = self._leases.get((name, client))
        if lease is not None and lease.closes_at > now:
            return Slice(lease.left, lease.closes_at - now)
        return Slice(limit.count, limit.window_seconds)


async def _awaited(lease: _Lease, asking: "asyncio.Future[None]") -> None:
    lease.waiting += 1
    try:
        await asyncio.shield(asking)
    finally:
        lease.waiting -= 1


def _limited(seconds: float) -> LimitReached:
    return LimitReached("RATE_LIMITED", retry_after_seconds=max(1, -int(-seconds // 1)))


def limits_of(settings: Settings) -> dict[LimitName, Limit]:
    """The limits as configured: per minute, but per quarter of an hour for authentication and
    unpaid seats, and per hour for codes of gift cards."""
    return {
        "anonymous": Limit(settings.limit_anonymous, 60),
        "signed_in": Limit(settings.limit_signed_in, 60),
        "staff": Limit(settings.limit_staff, 60),
        "authentication": Limit(settings.limit_authentication, 900),
        "booking": Limit(settings.limit_booking, 60),
        "payment": Limit(settings.limit_payment, 60),
        "client": Limit(settings.limit_client, 60),
        "gift_code": Limit(settings.limit_gift_code, 3600),
        "gift_code_address": Limit(settings.limit_gift_code_address, 3600),
        "find_address": Limit(settings.limit_find_address, 900),
        "find_reference": Limit(settings.limit_find_reference, 3600),
        "unpaid_account": Limit(settings.limit_unpaid_account, WINDOW_SECONDS),
        "unpaid_agency": Limit(settings.limit_unpaid_account * AGENT_MULTIPLE, WINDOW_SECONDS),
        "unpaid_address": Limit(settings.limit_unpaid_address, WINDOW_SECONDS),
    }


def unpaid_seat_limits_of(settings: Settings) -> UnpaidSeatLimits:
    """The limits of unpaid seats as configured."""
    return UnpaidSeatLimits(
        flight=settings.limit_unpaid_flight,
        account=settings.limit_unpaid_account,
        address=settings.limit_unpaid_address,
    )


def client_address(
    peer: str | None, forwarded_for: bytes | None, trusted: tuple[Network, ...]
) -> str:
    """The address that a client is counted by.

    `X-Forwarded-For` counts only as far as our own proxies wrote it: from the right, up to the
    first address that is not one of theirs. IPv6 clients are counted by their /64.
    """
    if peer is None:
        return "local"
    if forwarded_for is None or not trusted or not _is_trusted(peer, trusted):
        return _counted(peer)
    for part in reversed(forwarded_for[-FORWARDED_LENGTH:].decode("latin-1").split(",")):
        hop = part.strip()
        if _parsed(hop) is None:
            break
        peer = hop
        if not _is_trusted(hop, trusted):
            break
    return _counted(peer)


@functools.lru_cache(4096)
def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


@functools.lru_cache(4096)
def _is_trusted(text: str, trusted: tuple[Network, ...]) -> bool:
    address = _parsed(text)
    return address is not None and any(address in network for network in trusted)


@functools.lru_cache(4096)
def _counted(text: str) -> str:
    address = _parsed(text)
    if address is None:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
