"""A hold that is extended while Stripe does not open the session of its checkout.

Nobody loses seats because Stripe is down, and nobody keeps them for long: by how much a hold is
extended is a policy of the airline, and each extension is an event on every flight.
"""

import datetime as dt

import msgspec
from msgspec.structs import replace

from domain.booking.events import BookingEvent
from domain.booking.hold_extension_events import HoldExtended, HoldExtensionEvent
from domain.booking.state import Booking
from domain.booking.states import Status


class Extension(msgspec.Struct, frozen=True):
    """How long after Stripe was asked, or has answered again, a hold runs at least, and how much
    later than its own deadline it ends at most.
    """

    runs: dt.timedelta
    longest: dt.timedelta


def extended_until(
    booking: Booking, *, by: Extension, sales_close_at: dt.datetime, now: dt.datetime
) -> dt.datetime | None:
    """Return the later deadline of the hold; None where it is not extended.

    `sales_close_at` is the first instant at which a flight of the booking is no longer on sale.
    """
    if booking.status is not Status.RESERVED or booking.hold_until is None:
        return None
    made_until = booking.unextended_until or booking.hold_until
    until = min(now + by.runs, made_until + by.longest, sales_close_at)
    return until if until > booking.hold_until else None


def is_enough(booking: Booking, *, enough: dt.timedelta, now: dt.datetime) -> bool:
    """Return whether the hold runs for so long without Stripe's answer."""
    return booking.hold_until is not None and now + enough <= booking.hold_until


def extend(
    booking: Booking,
    *,
    attempt: str,
    by: Extension,
    sales_close_at: dt.datetime,
    now: dt.datetime,
) -> list[BookingEvent]:
    """Extend the hold by the rule of `extended_until`; the caller extends it on every flight."""
    until = extended_until(booking, by=by, sales_close_at=sales_close_at, now=now)
    return [] if until is None else [HoldExtended(attempt=attempt, hold_until=until)]


def evolve(booking: Booking, event: HoldExtensionEvent) -> Booking:
    """The booking after the event."""
    made_until = booking.unextended_until or booking.hold_until
    return replace(booking, hold_until=event.hold_until, unextended_until=made_until)
