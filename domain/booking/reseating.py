"""An expired booking whose money came late takes its seats again, at the price it was sold for."""

import datetime as dt

from msgspec.structs import replace

from domain.booking import rejections, states
from domain.booking.events import BookingEvent
from domain.booking.preconditions import require_amount_due
from domain.booking.reseating_events import BookingReseated, ReseatingEvent
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.kernel import money


def require_reseatable(
    booking: Booking,
    *,
    captured: money.Money,
    paid_at: dt.datetime,
    within: dt.timedelta,
    now: dt.datetime,
) -> None:
    """The booking has expired unpaid, and was paid in full `within` so long ago.

    Whoever cancelled the booking did not want it any more. Rejects TransitionRefused, AmountDiffers
    for less than the price, and BookingHasExpired for money that is older. Whether the flights
    still have the seats is for the caller to see.
    """
    if not states.may_reseat(booking.status, Status.RESERVED):
        raise rejections.TransitionRefused(before=booking.status, after=Status.RESERVED)
    due = booking.amount_due()
    if captured.currency != due.currency or captured.amount < due.amount:
        require_amount_due(booking, captured)
    if now - paid_at > within:
        raise rejections.BookingHasExpired(reason="paid_too_long_ago")


def reseat(booking: Booking, *, payment: str, hold_until: dt.datetime) -> list[BookingEvent]:
    """The seats are held again: the caller holds them on every flight and pays in the same append.

    Rejects TransitionRefused.
    """
    if not states.may_reseat(booking.status, Status.RESERVED):
        raise rejections.TransitionRefused(before=booking.status, after=Status.RESERVED)
    return [BookingReseated(payment=payment, hold_until=hold_until)]


def evolve(booking: Booking, event: ReseatingEvent) -> Booking:
    """The booking after the event."""
    return replace(booking, status=Status.RESERVED, hold_until=event.hold_until)
