"""A hold that is extended while Stripe does not open the session of its checkout.

Nobody loses seats because Stripe is down, and nobody keeps them for long: see EXTENSION and
LONGEST_EXTENSION.
"""

import datetime as dt

from msgspec.structs import replace

from domain.booking.events import BookingEvent
from domain.booking.hold_extension_events import HoldExtended, HoldExtensionEvent
from domain.booking.state import Booking
from domain.booking.states import Status

# How long after Stripe was asked, or has answered again, a hold runs at least.
EXTENSION = dt.timedelta(minutes=15)
# How much later than its own deadline a hold ends at most: two hours in all with the quarter of an
# hour that it was made for.
LONGEST_EXTENSION = dt.timedelta(minutes=105)
# A hold that runs for as long is not extended yet: each extension is an event on every flight.
ENOUGH = dt.timedelta(minutes=10)


def extended_until(
    booking: Booking, *, sales_close_at: dt.datetime, now: dt.datetime
) -> dt.datetime | None:
    """Return the later deadline of the hold; None where it is not extended.

    `sales_close_at` is the first instant at which a flight of the booking is no longer on sale.
    """
    if booking.status is not Status.RESERVED or booking.hold_until is None:
        return None
    made_until = booking.unextended_until or booking.hold_until
    until = min(now + EXTENSION, made_until + LONGEST_EXTENSION, sales_close_at)
    return until if until > booking.hold_until else None


def is_enough(booking: Booking, *, now: dt.datetime) -> bool:
    """Return whether the hold runs for long enough without Stripe's answer."""
    return booking.hold_until is not None and now + ENOUGH <= booking.hold_until


def extend(
    booking: Booking, *, attempt: str, sales_close_at: dt.datetime, now: dt.datetime
) -> list[BookingEvent]:
    """Extend the hold by the rule of `extended_until`; the caller extends it on every flight."""
    until = extended_until(booking, sales_close_at=sales_close_at, now=now)
    return [] if until is None else [HoldExtended(attempt=attempt, hold_until=until)]


def evolve(booking: Booking, event: HoldExtensionEvent) -> Booking:
    """The booking after the event."""
    made_until = booking.unextended_until or booking.hold_until
    return replace(booking, hold_until=event.hold_until, unextended_until=made_until)
