"""Coupons are suspended while Stripe does not confirm their payment, or its payer disputes it.

Several reasons may hold at once; the coupons may be used when the last one has ended. The guards
are `preconditions.require_payment_confirmed` and `require_not_suspended`: check-in, boarding,
changes, division and refunds call them.
"""

from typing import Literal, assert_never

import msgspec
from msgspec.structs import replace

from domain.booking import states
from domain.booking.state import Booking
from domain.booking.suspension_events import (
    CouponsReinstated,
    CouponsSuspended,
    SuspensionEvent,
)

Reason = Literal["payment_unconfirmed", "payment_disputed"]
NextStep = Literal["ask_the_airline", "ask_your_bank_to_end_the_dispute"]


class Suspension(msgspec.Struct, frozen=True):
    """Why coupons may not be used, and what their passengers can do about it."""

    reason: Reason
    next_step: NextStep


UNCONFIRMED = Suspension("payment_unconfirmed", "ask_the_airline")
DISPUTED = Suspension("payment_disputed", "ask_your_bank_to_end_the_dispute")


def suspension_of(booking: Booking) -> Suspension | None:
    """Why the coupons may not be used now; None where they may."""
    if booking.suspended_by:
        return UNCONFIRMED
    return DISPUTED if booking.disputed_by else None


def suspend(
    booking: Booking, *, payment: str, intent: str, reason: str, dispute: str | None = None
) -> list[CouponsSuspended]:
    """Suspend all coupons because of this capture, or of a dispute of it; a booking that is over
    stays as it is (B4).
    """
    if _holds(booking, intent, dispute) or booking.status in states.TERMINAL:
        return []
    return [CouponsSuspended(payment=payment, intent=intent, reason=reason, dispute=dispute)]


def reinstate(
    booking: Booking, *, payment: str, intent: str, dispute: str | None = None
) -> list[CouponsReinstated]:
    """End the suspension because of this capture, or of a dispute of it."""
    if not _holds(booking, intent, dispute) or booking.status in states.TERMINAL:
        return []
    return [CouponsReinstated(payment=payment, intent=intent, dispute=dispute)]


def _holds(booking: Booking, intent: str, dispute: str | None) -> bool:
    if dispute is not None:
        return dispute in booking.disputed_by
    return intent in booking.suspended_by


def evolve(booking: Booking, event: SuspensionEvent) -> Booking:
    """The booking after the event."""
    match event:
        case CouponsSuspended():
            if event.dispute is None:
                return replace(booking, suspended_by=booking.suspended_by | {event.intent})
            return replace(booking, disputed_by=booking.disputed_by | {event.dispute})
        case CouponsReinstated():
            if event.dispute is None:
                return replace(booking, suspended_by=booking.suspended_by - {event.intent})
            return replace(booking, disputed_by=booking.disputed_by - {event.dispute})
        case _:
            assert_never(event)
