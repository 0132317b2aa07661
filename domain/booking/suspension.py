"""Coupons are suspended while Stripe does not confirm the capture that paid for them.

The guard is `preconditions.require_not_suspended`: check-in, boarding, changes and refunds call it.
"""

from typing import assert_never

from msgspec.structs import replace

from domain.booking import states
from domain.booking.state import Booking
from domain.booking.suspension_events import (
    CouponsReinstated,
    CouponsSuspended,
    SuspensionEvent,
)


def suspend(booking: Booking, *, payment: str, intent: str, reason: str) -> list[CouponsSuspended]:
    """Suspend all coupons because of this capture; a booking that is over stays as it is (B4)."""
    if intent in booking.suspended_by or booking.status in states.TERMINAL:
        return []
    return [CouponsSuspended(payment=payment, intent=intent, reason=reason)]


def reinstate(booking: Booking, *, payment: str, intent: str) -> list[CouponsReinstated]:
    """End the suspension because of this capture."""
    if intent not in booking.suspended_by or booking.status in states.TERMINAL:
        return []
    return [CouponsReinstated(payment=payment, intent=intent)]


def evolve(booking: Booking, event: SuspensionEvent) -> Booking:
    """The booking after the event."""
    match event:
        case CouponsSuspended():
            return replace(booking, suspended_by=booking.suspended_by | {event.intent})
        case CouponsReinstated():
            return replace(booking, suspended_by=booking.suspended_by - {event.intent})
        case _:
            assert_never(event)
