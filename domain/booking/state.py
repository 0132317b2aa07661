"""A booking as its events tell it."""

import datetime as dt
from typing import assert_never

import msgspec

from domain.booking.events import (
    BookingConfirmed,
    BookingEvent,
    BookingExpired,
    BookingInitiated,
    BookingPaid,
    BookingReserved,
    Passenger,
    Ticket,
)
from domain.booking.states import Status
from domain.kernel import money, sealed
from domain.pricing.price import Price


class Booking(msgspec.Struct, frozen=True):
    """One booking with its price, deadline, payment and tickets."""

    status: Status
    owner: str
    flight: str
    cabin: str
    seat_count: int
    passengers: tuple[Passenger, ...]
    contact: sealed.Sealed
    price: Price
    hold_until: dt.datetime | None = None
    payment: str | None = None
    captured: money.Money | None = None
    tickets: tuple[Ticket, ...] = ()

    def amount_due(self) -> money.Money:
        """What a payment must capture, to the minor unit."""
        return self.price.total()


def evolve(booking: Booking | None, event: BookingEvent) -> Booking:
    """The booking after the event; never rejects a stored fact."""
    if isinstance(event, BookingInitiated):
        return Booking(
            status=Status.INITIATED,
            owner=event.owner,
            flight=event.flight,
            cabin=event.cabin,
            seat_count=event.seat_count,
            passengers=event.passengers,
            contact=event.contact,
            price=event.price,
        )
    assert booking is not None
    replace = msgspec.structs.replace
    match event:
        case BookingReserved():
            return replace(booking, status=Status.RESERVED, hold_until=event.hold_until)
        case BookingPaid():
            return replace(
                booking, status=Status.PAID, payment=event.payment, captured=event.amount
            )
        case BookingConfirmed():
            return replace(booking, status=Status.CONFIRMED, tickets=event.tickets)
        case BookingExpired():
            return replace(booking, status=Status.EXPIRED)
        case _:
            assert_never(event)
