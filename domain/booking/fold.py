"""The fold of a booking: the capability of an event applies it."""

from typing import assert_never

from domain.booking import (
    attachment,
    cancellation,
    charge_back,
    check_in,
    disruption,
    division,
    extras,
    hold_extension,
    modification,
    passenger_details,
    refund_approval,
    reseating,
    sale,
    seats,
    suspension,
)
from domain.booking.division_events import BookingDividedOff
from domain.booking.events import BookingEvent
from domain.booking.state import Booking


def evolve(booking: Booking | None, event: BookingEvent) -> Booking:
    """The booking after the event; never rejects a stored fact."""
    if event.capability == "start":
        return sale.initiated(event)
    if booking is None:
        assert isinstance(event, BookingDividedOff), "a booking begins as a draft or divided off"
        return division.divided_off(event)
    # Text, because a class pattern that does not match costs a tenth of a microsecond.
    match event.capability:
        case "sale":
            return sale.evolve(booking, event)
        case "check_in":
            return check_in.evolve(booking, event)
        case "cancellation":
            return cancellation.evolve(booking, event)
        case "seats":
            return seats.evolve(booking, event)
        case "passenger_details":
            return passenger_details.evolve(booking, event)
        case "modification":
            return modification.evolve(booking, event)
        case "disruption":
            return disruption.evolve(booking, event)
        case "suspension":
            return suspension.evolve(booking, event)
        case "charge_back":
            return charge_back.evolve(booking, event)
        case "reseating":
            return reseating.evolve(booking, event)
        case "division":
            return division.evolve(booking, event)
        case "attachment":
            return attachment.evolve(booking, event)
        case "extras":
            return extras.evolve(booking, event)
        case "hold_extension":
            return hold_extension.evolve(booking, event)
        case "refund_approval":
            return refund_approval.evolve(booking, event)
        case _:
            assert_never(event.capability)
