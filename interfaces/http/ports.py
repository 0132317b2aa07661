"""What the HTTP edge is handed: use cases and ports, never an adapter of its own making."""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from application.booking.boarding_pass_printer import BoardingPassPrinter
from application.booking.ports import BookingPorts
from application.booking.release_hold import HoldReleaser
from application.commands.bus import CommandBus
from application.identity.log_in import LogIn
from application.identity.ports import IssuedToken, TokenVerifier
from application.identity.register_user import RegisterUser
from application.inventory.ports import FlightPorts
from application.ledger.ports import LedgerPorts
from application.payment.collect import Collector
from application.payment.receive_event import EventReceiver
from application.ports import TicketStock, Vault
from application.pricing.ports import PricingPorts
from application.pricing.quotes import JourneyQuotes
from application.pricing.signed_quotes import QuoteSigner
from application.queries import AsOf
from application.stream_history import StreamHistory
from domain.booking.preconditions import CheckInWindow
from interfaces.http.rate_limit import Network, RateLimiter

Readiness = Callable[[], Awaitable[Mapping[str, str]]]
"""State of each component by name: `up` or what is wrong. Nothing works without `database`."""


class ListedBooking(msgspec.Struct, frozen=True):
    """A booking in its owner's list; nothing personal."""

    booking: str
    status: str
    flights: tuple[str, ...]
    total: int
    currency: str
    hold_until: dt.datetime | None
    created_at: dt.datetime


class ListBookings(Protocol):
    """The read model `booking_list`."""

    async def __call__(
        self, *, owner: str, cursor: str | None, limit: int
    ) -> tuple[Sequence[ListedBooking], str | None, AsOf]:
        """A page, newest first, and the cursor of the next; raises ForgedCursor."""
        ...


class ForgedCursor(ValueError):
    """A cursor that no list of ours gave out."""


class HttpPorts(msgspec.Struct, frozen=True):
    """Made by the composition; a new route adds the use case that it calls."""

    register_user: Callable[[RegisterUser], Awaitable[None]]
    log_in: Callable[[LogIn], Awaitable[IssuedToken]]
    verifier: TokenVerifier
    limiter: RateLimiter
    readiness: Readiness
    fingerprint_key: bytes
    now: Callable[[], dt.datetime]
    booking: BookingPorts
    flights: FlightPorts
    pricing: PricingPorts
    ledger: LedgerPorts
    bus: CommandBus
    stream_history: StreamHistory
    vault: Vault
    quotes: JourneyQuotes
    signer: QuoteSigner
    stock: TicketStock
    airline_code: str
    check_in_window: CheckInWindow
    collector: Collector
    releaser: HoldReleaser
    boarding_passes: BoardingPassPrinter
    receiver: EventReceiver
    list_bookings: ListBookings
    trusted_proxies: tuple[Network, ...] = ()
