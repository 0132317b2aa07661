"""What the HTTP edge is handed: use cases and ports, never an adapter of its own making."""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from application.booking.boarding_pass_printer import BoardingPassPrinter
from application.booking.release_hold import HoldReleaser
from application.commands.bus import CommandBus
from application.identity.log_in import LogIn
from application.identity.ports import IssuedToken, TokenVerifier
from application.identity.register_user import RegisterUser
from application.inventory.airports import Airports
from application.payment.collect import Collector
from application.payment.receive_event import EventReceiver
from application.ports import TicketStock, Vault
from application.pricing.quotes import JourneyQuotes
from application.pricing.signed_quotes import QuoteSigner
from application.processes.flight_tasks import FlightTask
from application.queries import AsOf
from application.stream_history import StreamHistory
from domain.booking.preconditions import CheckInWindow
from interfaces.http.rate_limit import Network, RateLimiter

Readiness = Callable[[], Awaitable[Mapping[str, str]]]
"""State of each component by name: `up` or what is wrong. Nothing works without `database`."""


class FlightOffer(msgspec.Struct, frozen=True):
    """A departure with seats left, as search finds it; the fare is one adult's, without tax."""

    flight: str
    number: str
    origin: str
    destination: str
    departs_at: dt.datetime
    arrives_at: dt.datetime
    domestic: bool
    fare_amount: int
    currency: str
    free_count: int


class SearchFlights(Protocol):
    """The read model `flight_availability`."""

    async def __call__(
        self,
        *,
        origin: str,
        destination: str,
        local_date: dt.date,
        cabin: str,
        seat_count: int,
    ) -> tuple[Sequence[FlightOffer], AsOf]:
        """Departures of the day, local at origin, with so many free seats, by time."""
        ...


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


class AccountBalance(msgspec.Struct, frozen=True):
    """What an account holds in a currency; debit positive, minor units."""

    account: str
    currency: str
    amount: int


TrialBalance = Callable[[], Awaitable[tuple[Sequence[AccountBalance], AsOf]]]
"""The read model `ledger_journal`: every account that was posted to; raises Unavailable."""


class UnappliedMoney(msgspec.Struct, frozen=True):
    """Captured money of a booking that no ticket has used; `amount` positive when we owe it."""

    booking: str
    currency: str
    amount: int
    since: dt.datetime
    reasons: tuple[str, ...]


UnappliedFunds = Callable[[], Awaitable[tuple[Sequence[UnappliedMoney], AsOf]]]
"""The worklist of account 2020, longest waiting first; raises Unavailable."""


FlightTasks = Callable[[str], Awaitable[Sequence[FlightTask]]]
"""The follow-ups of a flight, in order of their events."""


class OversoldCabin(msgspec.Struct, frozen=True):
    """A cabin with more seats held and sold than authorised."""

    flight: str
    cabin: str
    departs_at: dt.datetime
    seats: int


OversoldCabins = Callable[[], Awaitable[tuple[Sequence[OversoldCabin], AsOf]]]
"""Of coming flights, the soonest first."""

BookingStatuses = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
"""Status of each of these bookings, as far as the read model knows it."""


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
    bus: CommandBus
    stream_history: StreamHistory
    vault: Vault
    quotes: JourneyQuotes
    signer: QuoteSigner
    stock: TicketStock
    airline_code: str
    airports: Airports
    check_in_window: CheckInWindow
    collector: Collector
    releaser: HoldReleaser
    boarding_passes: BoardingPassPrinter
    flight_tasks: FlightTasks
    oversold: OversoldCabins
    booking_statuses: BookingStatuses
    receiver: EventReceiver
    search_flights: SearchFlights
    list_bookings: ListBookings
    trial_balance: TrialBalance
    unapplied_funds: UnappliedFunds
    trusted_proxies: tuple[Network, ...] = ()
