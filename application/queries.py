"""What queries return: the types that the read models' ports promise to use cases and HTTP.

All queries raise Unavailable when the database does not answer.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import ClassVar, Protocol

import msgspec

from domain.kernel.rejections import Rejection


class AsOf(msgspec.Struct, frozen=True):
    """How far the read model was that an answer came from.

    The answer contains the log up to `position`; `lag_seconds` is the age of the oldest event
    that it may not contain, 0 when it contains all.
    """

    position: int
    lag_seconds: float


class CursorRefused(Rejection):
    """The cursor was not made by this list."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class ListedBooking(msgspec.Struct, frozen=True):
    """A booking in its owner's list; nothing personal."""

    booking_id: str
    status: str
    flights: tuple[str, ...]
    total: int
    currency: str
    hold_until: dt.datetime | None
    created_at: dt.datetime


class BookingPage(msgspec.Struct, frozen=True):
    """Newest first; `next_cursor` is None on the last page."""

    bookings: Sequence[ListedBooking]
    next_cursor: str | None
    as_of: AsOf


class BookingFilter(msgspec.Struct, frozen=True):
    """Which bookings of the owner are listed; what is empty or None filters nothing.

    `upcoming` ones have not ended and have a flight that leaves at `now` or later; False is for
    all others. A flight leaves between the days, local at its origin, both included.
    """

    statuses: tuple[str, ...] = ()
    upcoming: bool | None = None
    now: dt.datetime | None = None
    first_day: dt.date | None = None
    last_day: dt.date | None = None


EVERY_BOOKING = BookingFilter()


class ListBookings(Protocol):
    """The read model `booking_list`; flights are as in `flight_availability`."""

    async def __call__(
        self,
        *,
        owner: str,
        cursor: str | None,
        limit: int,
        wanted: BookingFilter = EVERY_BOOKING,
    ) -> BookingPage:
        """Return the page behind the cursor; rejects CursorRefused, raises Unavailable."""
        ...


class OversoldCabin(msgspec.Struct, frozen=True):
    """A cabin in which `seats` more are held and sold than authorised."""

    flight: str
    cabin: str
    departs_at: dt.datetime
    seats: int


class UnansweredFlight(msgspec.Struct, frozen=True):
    """A cancelled or moved flight of a booking that awaits the passengers' answer."""

    booking_id: str
    flight: str
    segment: int
    since: dt.datetime
    reminded: bool


UnansweredFlights = Callable[[], Awaitable[tuple[Sequence[UnansweredFlight], AsOf]]]
"""Returns the cancelled, or the moved, flights that nobody has answered, the longest first."""

OversoldCabins = Callable[[], Awaitable[tuple[Sequence[OversoldCabin], AsOf]]]
"""Returns the oversold cabins of coming flights, the soonest departure first."""


class OverdueFlight(msgspec.Struct, frozen=True):
    """A flight that should have left and of which nobody has reported the departure."""

    flight: str
    departs_at: dt.datetime


OverdueFlights = Callable[[dt.datetime], Awaitable[tuple[Sequence[OverdueFlight], AsOf]]]
"""Returns the flights that should have left before an instant, the longest overdue first."""

BookingStatuses = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
"""Returns the status by booking id, for the bookings that the read model contains."""


class FlightTask(msgspec.Struct, frozen=True):
    """The follow-up of one event of a flight; `kind` is the event's tag, the counts are bookings.

    `failed` counts bookings that have to be tried again.
    """

    flight: str
    version: int
    kind: str
    total: int
    done: int
    failed: int
    finished: bool


TasksOfFlight = Callable[[str], Awaitable[Sequence[FlightTask]]]
"""Returns the follow-ups of a flight in the order of its events."""


class AccountBalance(msgspec.Struct, frozen=True):
    """What an account holds in a currency; debit positive, minor units."""

    account: str
    currency: str
    amount: int


class ParkedCapture(msgspec.Struct, frozen=True):
    """Captured money that was parked and not returned yet; `payment` is its stream."""

    payment: str
    intent: str
    amount: int
    currency: str
    reason: str


class UnappliedMoney(msgspec.Struct, frozen=True):
    """Captured money of a booking that no ticket has used; `amount` is positive when we owe it.

    `since` is when it last stopped being zero. `booking` is the intent for money that matches no
    booking. Nothing is `parked` while ticketing has not finished.
    """

    booking: str
    currency: str
    amount: int
    since: dt.datetime
    parked: tuple[ParkedCapture, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return the reasons for which money was parked."""
        return tuple(sorted({each.reason for each in self.parked}))


class UnfinishedRefund(msgspec.Struct, frozen=True):
    """A refund that has not arrived: in its status since then.

    One that was sent again is left out. `payment` is its stream, `booking` the intent where the
    money belongs to no booking; minor units. `reason` is a code, of a refused, failed or canceled
    one.
    """

    refund: str
    payment: str
    booking: str
    amount: int
    currency: str
    status: str
    since: dt.datetime
    reason: str | None = None


UnfinishedRefunds = Callable[[], Awaitable[tuple[Sequence[UnfinishedRefund], AsOf]]]
"""Returns the refunds that have not arrived, the oldest first."""

FailedRefunds = UnfinishedRefunds


class ListedExternalRefund(msgspec.Struct, frozen=True):
    """A refund made at Stripe by hand; `unallocated` of its amount waits for finance since then.

    `refund` is its id at Stripe, `booking` the intent where the money belongs to no booking; minor
    units.
    """

    refund: str
    booking: str
    payment: str
    intent: str
    amount: int
    unallocated: int
    currency: str
    since: dt.datetime


ExternalRefunds = Callable[[], Awaitable[tuple[Sequence[ListedExternalRefund], AsOf]]]
"""Returns the external refunds that are not wholly allocated, the oldest first."""

FindExternalRefund = Callable[[str], Awaitable[ListedExternalRefund | None]]
"""Returns the external refund of this id at Stripe, allocated or not."""


class OpenClaim(msgspec.Struct, frozen=True):
    """A claim of passengers that is not paid; `amount` in minor units, `since` in its status."""

    claim: str
    booking: str
    flight: str
    cause: str
    regime: str
    amount: int
    currency: str
    status: str
    since: dt.datetime


CreditsOf = Callable[[str], Awaitable[tuple[Sequence[str], AsOf]]]
"""The ids of the credits of an account, or of the gift cards that it has bought."""

CardWithCode = Callable[[str], Awaitable[str | None]]
"""The id of the gift card whose code has this digest."""


class ProposedPayout(msgspec.Struct, frozen=True):
    """A credit that waits for a second person to pay it out, `since` when."""

    credit: str
    amount: int
    currency: str
    since: dt.datetime


ProposedPayouts = Callable[[], Awaitable[tuple[Sequence[ProposedPayout], AsOf]]]
"""Returns the payouts that nobody has decided, the oldest first."""

OpenClaims = Callable[[], Awaitable[tuple[Sequence[OpenClaim], AsOf]]]
"""Returns the worklist of refused and failed refunds, the oldest first."""


class OwedBalance(msgspec.Struct, frozen=True):
    """What the books owe to a booking as refunds; negative where too much was paid out."""

    booking: str
    currency: str
    amount: int
    since: dt.datetime


OwedBalances = Callable[[], Awaitable[tuple[Sequence[OwedBalance], AsOf]]]
"""Returns the balances of account 2100 by booking, the oldest first."""


class UnfinishedAttempt(msgspec.Struct, frozen=True):
    """An attempt to collect money without an outcome: requested, unknown or open.

    `ends_at` is when its checkout session ends, or would.
    """

    attempt: str
    payment: str
    booking: str
    status: str
    started_at: dt.datetime
    ends_at: dt.datetime


UnfinishedAttempts = Callable[[], Awaitable[tuple[Sequence[UnfinishedAttempt], AsOf]]]
"""Returns the attempts whose outcome is overdue, the oldest first."""


class UnconfirmedPayment(msgspec.Struct, frozen=True):
    """A capture that a signed event reported and Stripe's own list contradicts; in minor units.

    `reason` is a `domain.payment.captures.Contradiction`.
    """

    booking: str
    payment: str
    intent: str
    amount: int
    currency: str
    reason: str
    captured_at: dt.datetime


UnconfirmedPayments = Callable[[], Awaitable[tuple[Sequence[UnconfirmedPayment], AsOf]]]
"""Returns the captures that Stripe does not confirm, the oldest first."""


class ListedDispute(msgspec.Struct, frozen=True):
    """A dispute or fraud warning; amounts in minor units of the charge's currency.

    `stage` is warning, inquiry, open, won, lost or closed. `receivable` is what the bank holds,
    `booking` the intent where the money belongs to no booking. Evidence that is submitted after
    `evidence_due_at` does not count; None where the bank takes none.
    """

    booking: str
    dispute: str
    payment: str
    intent: str
    charge: str
    stage: str
    amount: int
    currency: str
    reason: str
    evidence_due_at: dt.datetime | None
    submission_count: int
    receivable: int
    opened_at: dt.datetime


UndecidedDisputes = Callable[[], Awaitable[tuple[Sequence[ListedDispute], AsOf]]]
"""Returns inquiries, open disputes and recent fraud warnings, the first evidence due first."""

FindDispute = Callable[[str], Awaitable[ListedDispute | None]]
"""Returns the dispute of this id, decided or not."""

UnappliedFunds = Callable[[], Awaitable[tuple[Sequence[UnappliedMoney], AsOf]]]
"""Returns the worklist of account 2020, the oldest first."""


class NumberedDocument(msgspec.Struct, frozen=True):
    """A tax document with its amounts in minor units, and whether the tax authority has it.

    `counter` counts all documents; `status` is waiting, reported, cleared or rejected, and `code`
    why it was rejected.
    """

    number: str
    kind: str
    standard: bool
    counter: int
    hash: str
    booking: str
    issued_at: dt.datetime
    currency: str
    total: int
    vat: int
    vat_in_riyals: int
    status: str
    code: str | None


class DocumentsOfMonth(Protocol):
    """The read model `tax_documents`."""

    async def __call__(
        self, month: str, *, after: int, limit: int
    ) -> tuple[Sequence[NumberedDocument], AsOf]:
        """Return documents of a month such as `2026-11` by their counter, after this one."""
        ...
