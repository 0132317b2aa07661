"""One row per booking, changed by the booking's own events."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any, get_args

import msgspec

from domain.booking import coupons as coupon_rules
from domain.booking import departure_correction, extras_events, values
from domain.booking import events as booking_events
from domain.booking import state as booking_state
from domain.booking.attachment_events import BookingAttached
from domain.booking.charge_back_events import BookingChargedBack, CouponsVoided
from domain.booking.check_in_events import DepartureWithdrawn
from domain.booking.coupons import NOT_FLYING, Coupon, CouponStatus
from domain.booking.division_events import BookingDivided, BookingDividedOff
from domain.booking.hold_extension_events import HoldExtended
from domain.booking.reseating_events import BookingReseated
from domain.booking.states import Status
from domain.pricing.price import TAKES_SEAT
from projections import rows
from projections.projection import CUSTOMERS_PAUSE_SECONDS, Cursor, LoggedEvent, Projection

TABLE = "booking_list"
# Capabilities whose events change nothing that the list shows.
UNLISTED = frozenset({"seats", "passenger_details", "suspension", "refund_approval"})


class BookingRow(msgspec.Struct):
    """A row of the table; `booking` is the stream, which is the public id.

    `tickets` has one number per passenger, "" for one who has left for another booking.
    """

    booking: str
    first_position: int
    owner: str
    attached_to: str | None
    status: str
    flights: list[str]
    cabin: str
    seat_count: int
    coupons: str
    total_amount: int
    currency: str
    hold_until: dt.datetime | None
    lapses_at: dt.datetime | None
    modification_paid: bool
    payments: list[str]
    tickets: list[str]
    cancelled_segments: list[int]
    moved_segments: list[int]
    reminded_segments: list[int]
    unanswered_since: dt.datetime | None
    moved_since: dt.datetime | None
    created_at: dt.datetime
    updated_at: dt.datetime


class BookingUnknown(ValueError):
    """An event of a booking without its first event."""


def apply(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
    """Load the bookings that the events touch, change them, write them back."""
    known = rows.load(
        cursor, TABLE, "booking", {e.stream for e in events if e.version > 1}, BookingRow
    )
    bookings = {row.booking: row for row in known}
    for logged in events:
        if isinstance(logged.event, booking_events.BookingInitiated):
            bookings[logged.stream] = _initiated(logged, logged.event)
        elif isinstance(logged.event, BookingDividedOff):
            bookings[logged.stream] = _divided_off(logged, logged.event)
        else:
            row = bookings.get(logged.stream)
            if row is None:
                raise BookingUnknown(logged.stream)
            row.updated_at = logged.recorded_at
            assert isinstance(logged.event, booking_events.BookingEvent)
            if logged.event.capability not in UNLISTED:
                _CHANGES[type(logged.event)](row, logged.event)
                _note_unanswered(row, logged.recorded_at)
    rows.upsert(cursor, TABLE, ("booking",), list(bookings.values()))


def _initiated(logged: LoggedEvent, event: booking_events.BookingInitiated) -> BookingRow:
    total = event.price.total()
    return BookingRow(
        booking=logged.stream,
        first_position=logged.position,
        owner=event.owner,
        attached_to=None,
        status=Status.INITIATED,
        flights=[segment.flight for segment in event.segments],
        cabin=event.segments[0].cabin,
        seat_count=sum(TAKES_SEAT[passenger.type] for passenger in event.passengers),
        coupons=CouponStatus.OPEN.value * len(event.passengers) * len(event.segments),
        total_amount=total.amount,
        currency=total.currency,
        hold_until=event.lapses_at,
        lapses_at=event.lapses_at,
        modification_paid=False,
        payments=[],
        tickets=[],
        cancelled_segments=[],
        moved_segments=[],
        reminded_segments=[],
        unanswered_since=None,
        moved_since=None,
        created_at=logged.recorded_at,
        updated_at=logged.recorded_at,
    )


def _divided_off(logged: LoggedEvent, event: BookingDividedOff) -> BookingRow:
    total = event.price.total()
    reminded = [each.segment for each in event.disruptions if each.reminded]
    cancelled = [each.segment for each in event.disruptions if each.kind == "cancelled"]
    moved = [e.segment for e in event.disruptions if e.material and e.kind != "cancelled"]
    return BookingRow(
        booking=logged.stream,
        first_position=logged.position,
        owner=event.owner,
        attached_to=None,
        status=coupon_rules.roll_up(Status.CONFIRMED, event.coupons),
        flights=[segment.flight for segment in event.segments],
        cabin=event.segments[0].cabin,
        seat_count=sum(TAKES_SEAT[passenger.type] for passenger in event.passengers),
        coupons="".join(
            each.status.value for each in sorted(event.coupons, key=booking_state.coupon_key)
        ),
        total_amount=total.amount,
        currency=total.currency,
        hold_until=None,
        lapses_at=None,
        modification_paid=False,
        payments=list(event.payments),
        tickets=[ticket.number for ticket in event.tickets],
        cancelled_segments=sorted(cancelled),
        moved_segments=sorted(moved),
        reminded_segments=sorted(reminded),
        unanswered_since=logged.recorded_at if cancelled else None,
        moved_since=logged.recorded_at if moved else None,
        created_at=logged.recorded_at,
        updated_at=logged.recorded_at,
    )


def _unpaid(status: Status, deadline: str) -> Callable[[BookingRow, Any], None]:
    def change(row: BookingRow, event: Any) -> None:
        row.status = status
        row.hold_until = row.lapses_at = getattr(event, deadline)

    return change


def _ended(status: Status) -> Callable[[BookingRow, Any], None]:
    def change(row: BookingRow, _event: Any) -> None:
        row.status, row.lapses_at = status, None

    return change


def _over(status: Status) -> Callable[[BookingRow, Any], None]:
    """As `_ended`, and nobody has to answer a cancelled or moved flight any more."""

    def change(row: BookingRow, _event: Any) -> None:
        row.status, row.lapses_at = status, None
        row.cancelled_segments, row.moved_segments, row.reminded_segments = [], [], []

    return change


def _payment_failed(row: BookingRow, _event: booking_events.BookingPaymentFailed) -> None:
    row.status = Status.PAYMENT_FAILED


def _paid(row: BookingRow, event: booking_events.BookingPaid) -> None:
    row.status, row.lapses_at = Status.PAID, None
    row.payments = [*row.payments, event.payment]


def _confirmed(row: BookingRow, event: booking_events.BookingConfirmed) -> None:
    row.status = Status.CONFIRMED
    row.tickets = [ticket.number for ticket in event.tickets]


def _cancelled(row: BookingRow, event: booking_events.BookingCancelled) -> None:
    _mark(row, event.coupons, CouponStatus.REFUNDED)
    row.status, row.lapses_at = Status.CANCELLED, None


def _coupons_cancelled(row: BookingRow, event: booking_events.CouponsCancelled) -> None:
    _mark(row, event.coupons, CouponStatus.REFUNDED)
    _roll_up(row)


def _refund_granted(row: BookingRow, event: booking_events.RefundGranted) -> None:
    _mark(row, event.coupons, CouponStatus.REFUNDED)


def _attached(row: BookingRow, event: BookingAttached) -> None:
    row.attached_to = event.user


def _unchanged(_row: BookingRow, _event: Any) -> None:
    """The row shows no extras, and no amounts that could change."""


def _voided(row: BookingRow, event: CouponsVoided) -> None:
    _mark(row, event.coupons, CouponStatus.VOID)
    _roll_up(row)


def _change_accepted(row: BookingRow, event: Any) -> None:
    row.lapses_at = event.hold_until


def _change_paid(row: BookingRow, event: Any) -> None:
    row.lapses_at, row.modification_paid = None, True
    row.payments = [*row.payments, event.payment]


def _change_ended(row: BookingRow, _event: Any) -> None:
    row.lapses_at, row.modification_paid = None, False


def _modification_completed(row: BookingRow, event: booking_events.ModificationCompleted) -> None:
    modification = event.modification
    _change_ended(row, event)
    row.flights[modification.segment] = modification.to.flight
    if modification.segment == 0:
        row.cabin = modification.to.cabin
    for ticket in event.tickets:
        row.tickets[ticket.passenger] = ticket.number
    _mark(row, modification.coupons, CouponStatus.OPEN)
    _forget(row, modification.segment)


def _checked_in(row: BookingRow, event: booking_events.PassengersCheckedIn) -> None:
    _mark_on(row, event.segment, (p.passenger for p in event.places), CouponStatus.CHECKED_IN)


def _check_in_undone(row: BookingRow, event: booking_events.CheckInWithdrawn) -> None:
    _mark_on(row, event.segment, event.passengers, CouponStatus.OPEN)


def _boarded(row: BookingRow, event: booking_events.PassengersBoarded) -> None:
    _mark_on(row, event.segment, event.passengers, CouponStatus.LIFTED)


def _flown(row: BookingRow, event: booking_events.CouponsFlown) -> None:
    _mark_on(row, event.segment, event.passengers, CouponStatus.FLOWN)


def _missed(row: BookingRow, event: booking_events.PassengersMissed) -> None:
    _mark(row, event.coupons, CouponStatus.MISSED)
    _roll_up(row)


def _departure_withdrawn(row: BookingRow, event: DepartureWithdrawn) -> None:
    for coupon in event.coupons:
        _mark(row, [coupon], CouponStatus(coupon.status))
    row.status = departure_correction.status_again(Status(row.status), _coupons(row))


def _disruption_offered(row: BookingRow, event: booking_events.DisruptionOffered) -> None:
    _forget(row, event.segment)
    if event.kind == "cancelled":
        row.cancelled_segments = sorted([*row.cancelled_segments, event.segment])
    elif event.material:
        row.moved_segments = sorted([*row.moved_segments, event.segment])


def _disruption_answered(row: BookingRow, event: booking_events.DisruptionAnswered) -> None:
    _forget(row, event.segment)


def _disruption_reminded(row: BookingRow, event: booking_events.DisruptionReminded) -> None:
    known = set(event.segments) & {*row.cancelled_segments, *row.moved_segments}
    row.reminded_segments = sorted({*row.reminded_segments, *known})


def _divided(row: BookingRow, event: BookingDivided) -> None:
    """Mark what went with the passengers, but not what they had cancelled or missed."""
    count = len(row.flights)
    left = [values.CouponId(each, segment) for each in event.passengers for segment in range(count)]
    _mark(
        row,
        [
            each
            for each in left
            if CouponStatus(row.coupons[each.passenger * count + each.segment]) not in NOT_FLYING
        ],
        CouponStatus.DIVIDED,
    )
    row.total_amount = event.price.total().amount
    for passenger in event.passengers:
        row.tickets[passenger] = ""
    _roll_up(row)


def _forget(row: BookingRow, segment: int) -> None:
    """Remove a segment from those that await an answer."""
    row.cancelled_segments = [each for each in row.cancelled_segments if each != segment]
    row.moved_segments = [each for each in row.moved_segments if each != segment]
    row.reminded_segments = [each for each in row.reminded_segments if each != segment]


def _note_unanswered(row: BookingRow, recorded_at: dt.datetime) -> None:
    """Keep segments with open coupons only, and the instants of the first that await an answer."""
    count = len(row.flights)
    for segment in (*row.cancelled_segments, *row.moved_segments):
        if all(CouponStatus(each) in coupon_rules.FINAL for each in row.coupons[segment::count]):
            _forget(row, segment)
    row.unanswered_since = _since(row.cancelled_segments, row.unanswered_since, recorded_at)
    row.moved_since = _since(row.moved_segments, row.moved_since, recorded_at)


def _since(
    segments: Sequence[int], before: dt.datetime | None, now: dt.datetime
) -> dt.datetime | None:
    return (before or now) if segments else None


def _mark_on(
    row: BookingRow, segment: int, passengers: Iterable[int], status: CouponStatus
) -> None:
    _mark(row, [values.CouponId(each, segment) for each in passengers], status)
    _roll_up(row)


def _mark(row: BookingRow, coupons: Iterable[Any], status: CouponStatus) -> None:
    letters = list(row.coupons)
    for coupon in coupons:
        letters[coupon.passenger * len(row.flights) + coupon.segment] = status.value
    row.coupons = "".join(letters)


def _roll_up(row: BookingRow) -> None:
    row.status = coupon_rules.roll_up(Status(row.status), _coupons(row))


def _coupons(row: BookingRow) -> list[Coupon]:
    return [
        Coupon(*divmod(index, len(row.flights)), 0, 0, 0, CouponStatus(letter))
        for index, letter in enumerate(row.coupons)
    ]


_CHANGES: dict[type, Callable[[BookingRow, Any], None]] = {
    booking_events.BookingWaitlisted: _unpaid(Status.PENDING, "waits_until"),
    booking_events.BookingReserved: _unpaid(Status.RESERVED, "hold_until"),
    BookingReseated: _unpaid(Status.RESERVED, "hold_until"),
    HoldExtended: _unpaid(Status.RESERVED, "hold_until"),
    booking_events.BookingPaymentFailed: _payment_failed,
    booking_events.BookingPaymentRetried: _unpaid(Status.PENDING, "waits_until"),
    booking_events.BookingPaid: _paid,
    booking_events.BookingConfirmed: _confirmed,
    booking_events.BookingExpired: _over(Status.EXPIRED),
    booking_events.BookingCancelled: _cancelled,
    booking_events.CouponsCancelled: _coupons_cancelled,
    booking_events.RefundGranted: _refund_granted,
    booking_events.BookingRefunded: _ended(Status.REFUNDED),
    booking_events.ModificationAccepted: _change_accepted,
    booking_events.ModificationPaid: _change_paid,
    booking_events.ModificationExpired: _change_ended,
    booking_events.ModificationCompleted: _modification_completed,
    booking_events.PassengersCheckedIn: _checked_in,
    booking_events.CheckInWithdrawn: _check_in_undone,
    booking_events.PassengersBoarded: _boarded,
    booking_events.CouponsFlown: _flown,
    booking_events.PassengersMissed: _missed,
    DepartureWithdrawn: _departure_withdrawn,
    booking_events.DisruptionOffered: _disruption_offered,
    booking_events.DisruptionAnswered: _disruption_answered,
    booking_events.DisruptionReminded: _disruption_reminded,
    booking_events.BookingCompleted: _over(Status.COMPLETED),
    BookingDivided: _divided,
    BookingChargedBack: _unchanged,
    CouponsVoided: _voided,
    BookingAttached: _attached,
    extras_events.ExtrasOrdered: _change_accepted,
    extras_events.ExtrasPaid: _change_paid,
    extras_events.ExtrasOrderExpired: _change_ended,
    extras_events.ExtrasIssued: _change_ended,
    extras_events.ExtraRefunded: _unchanged,
}

PROJECTION = Projection(
    name="booking_list",
    event_types=get_args(booking_events.BookingEvent),
    apply=apply,
    stops_on_poison=False,
    pause_seconds=CUSTOMERS_PAUSE_SECONDS,
)
