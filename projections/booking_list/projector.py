"""One row per booking, moved by the booking's own events."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from domain.booking import events as booking_events
from domain.booking.states import Status
from projections import rows
from projections.projection import Cursor, LoggedEvent, Projection

TABLE = "booking_list"


class BookingRow(msgspec.Struct):
    """A row of the table; `booking` is the stream, which is the public id."""

    booking: str
    first_position: int
    owner: str
    status: str
    flight: str
    cabin: str
    seat_count: int
    total_amount: int
    currency: str
    hold_until: dt.datetime | None
    payment: str | None
    tickets: list[str]
    created_at: dt.datetime
    updated_at: dt.datetime


class BookingUnknown(ValueError):
    """An event of a booking whose beginning is missing."""


def apply(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
    """Load the bookings that the events touch, change them, write them back."""
    known = rows.load(
        cursor, TABLE, "booking", {e.stream for e in events if e.version > 1}, BookingRow
    )
    bookings = {row.booking: row for row in known}
    for logged in events:
        if isinstance(logged.event, booking_events.BookingInitiated):
            bookings[logged.stream] = _initiated(logged, logged.event)
        else:
            row = bookings.get(logged.stream)
            if row is None:
                raise BookingUnknown(logged.stream)
            _change(row, logged)
    rows.upsert(cursor, TABLE, ("booking",), list(bookings.values()))


def _initiated(logged: LoggedEvent, event: booking_events.BookingInitiated) -> BookingRow:
    total = event.price.total()
    return BookingRow(
        booking=logged.stream,
        first_position=logged.position,
        owner=event.owner,
        status=Status.INITIATED,
        flight=event.flight,
        cabin=event.cabin,
        seat_count=event.seat_count,
        total_amount=total.amount,
        currency=total.currency,
        hold_until=None,
        payment=None,
        tickets=[],
        created_at=logged.recorded_at,
        updated_at=logged.recorded_at,
    )


def _change(row: BookingRow, logged: LoggedEvent) -> None:
    row.updated_at = logged.recorded_at
    match logged.event:
        case booking_events.BookingReserved(hold_until=hold_until):
            row.status, row.hold_until = Status.RESERVED, hold_until
        case booking_events.BookingPaid(payment=payment):
            row.status, row.payment = Status.PAID, payment
        case booking_events.BookingConfirmed(tickets=tickets):
            row.status = Status.CONFIRMED
            row.tickets = [ticket.number for ticket in tickets]
        case booking_events.BookingExpired():
            row.status = Status.EXPIRED
        case event:
            raise AssertionError(f"{event.tag} is not among the events asked for")


PROJECTION = Projection(
    name="booking_list",
    event_types=(
        booking_events.BookingInitiated,
        booking_events.BookingReserved,
        booking_events.BookingPaid,
        booking_events.BookingConfirmed,
        booking_events.BookingExpired,
    ),
    apply=apply,
    stops_on_poison=False,
)
