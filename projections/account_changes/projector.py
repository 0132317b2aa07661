"""One row for each event of a booking or its payments, for each account that has the booking."""

from collections.abc import Mapping, Sequence
from typing import get_args

import msgspec

from application.booking.list_changes import ChangeKind
from domain.booking import events as booking_events
from domain.booking.attachment_events import BookingAttached
from domain.booking.division_events import BookingDividedOff
from domain.kernel import ids
from domain.kernel.events import DomainEvent
from domain.payment import events as payment_events
from projections import rows
from projections.projection import CUSTOMERS_PAUSE_SECONDS, Cursor, LoggedEvent, Projection

BOOKINGS = "account_booking"
CHANGES = "account_change"

# By the capability of the event.
OF_BOOKING: Mapping[str, ChangeKind] = {
    "start": "booked",
    "sale": "status",
    "reseating": "status",
    "hold_extension": "status",
    "seats": "seats",
    "passenger_details": "passengers",
    "check_in": "check_in",
    "cancellation": "cancellation",
    "charge_back": "cancellation",
    "modification": "modification",
    "extras": "extras",
    "disruption": "disruption",
    "suspension": "suspension",
    "division": "division",
    "attachment": "attached",
    "refund_approval": "refund",
}
OF_PAYMENT: Mapping[str, ChangeKind] = {
    "start": "payment",
    "attempts": "payment",
    "captures": "payment",
    "credit_parts": "payment",
    "disputes": "payment",
    "refunds": "refund",
    "external_refunds": "refund",
}


class AccountBooking(msgspec.Struct):
    """Who has a booking."""

    booking: str
    owner: str
    attached_to: str | None = None


class AccountChange(msgspec.Struct):
    """A change that an account sees; `stream` is the booking or its payment."""

    account: str
    position: int
    stream: str
    booking: str
    kind: ChangeKind


def apply(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
    """Add the changes, and learn who has the bookings.

    Payments of gift cards have no booking, and those of a parked booking no account.
    """
    concerned = {booking_of(each) for each in events}
    known = rows.load(cursor, BOOKINGS, "booking", concerned, AccountBooking)
    bookings = {row.booking: row for row in known}
    changes: list[AccountChange] = []
    for logged in events:
        learn(bookings, logged)
        changes.extend(changes_of(bookings, logged))
    rows.upsert(cursor, BOOKINGS, ("booking",), list(bookings.values()))
    rows.insert(cursor, CHANGES, changes)


def booking_of(logged: LoggedEvent) -> str:
    """Return the booking of an event; of a payment without one, what stands in its place."""
    if isinstance(logged.event, booking_events.BookingEvent):
        return logged.stream
    return ids.booking_of_payment(logged.stream)


def learn(bookings: dict[str, AccountBooking], logged: LoggedEvent) -> None:
    """Note who has a booking after the event."""
    event = logged.event
    if isinstance(event, booking_events.BookingInitiated | BookingDividedOff):
        bookings[logged.stream] = AccountBooking(logged.stream, event.owner)
    elif isinstance(event, BookingAttached):
        bookings[logged.stream].attached_to = event.user


def kind_of(event: DomainEvent) -> ChangeKind:
    """Return in what the booking has changed."""
    if isinstance(event, booking_events.BookingEvent):
        return OF_BOOKING[event.capability]
    assert isinstance(event, payment_events.PaymentEvent)
    return OF_PAYMENT[event.capability]


def changes_of(bookings: Mapping[str, AccountBooking], logged: LoggedEvent) -> list[AccountChange]:
    """Return the event for each account that has the booking."""
    event, booking = logged.event, booking_of(logged)
    found = bookings.get(booking)
    if found is None:
        is_of_payment = isinstance(event, payment_events.PaymentEvent)
        assert is_of_payment, "a booking has a first event"
        return []
    kind = kind_of(event)
    return [
        AccountChange(account, logged.position, logged.stream, booking, kind)
        for account in dict.fromkeys((found.owner, found.attached_to))
        if account is not None
    ]


PROJECTION = Projection(
    name="account_changes",
    event_types=(*get_args(booking_events.BookingEvent), *get_args(payment_events.PaymentEvent)),
    apply=apply,
    stops_on_poison=False,
    pause_seconds=CUSTOMERS_PAUSE_SECONDS,
)
