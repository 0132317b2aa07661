"""Guards that several capabilities share, and the facts beside the booking that guards look at.

A guard raises the rejection that a client gets; it never changes anything.
"""

import datetime as dt
from collections.abc import Callable
from typing import ParamSpec

import msgspec

from domain.booking import rejections, states
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.kernel import money
from domain.kernel.rejections import Rejection
from domain.pricing.price import Leg

Parameters = ParamSpec("Parameters")


class CheckInWindow(msgspec.Struct, frozen=True):
    """Check-in is open from `opens` before departure until `closes` before it, and boarding until
    `boarding_closes` before it, all inclusive.
    """

    opens: dt.timedelta
    closes: dt.timedelta
    boarding_closes: dt.timedelta


class SegmentFacts(msgspec.Struct, frozen=True):
    """What guards must know of a flight of the journey; read in the same decision.

    A flight that is neither `operating` nor `cancelled` has departed. `latest_departs_at` is the
    latest departure that it ever had. `has_seats` is whether the seats of a waitlisted booking are
    free.
    """

    departs_at: dt.datetime
    latest_departs_at: dt.datetime
    leg: Leg
    domestic: bool
    operating: bool
    cancelled: bool = False
    has_seats: bool = True


class Situation(msgspec.Struct, frozen=True):
    """All that `availableActions` depends on beside the booking.

    `segments` are the facts of each segment, `windows` when its passengers check in and board; none
    for a booking without tickets, where nothing depends on them. `at_gate` is whether the caller
    may handle passengers at the gate.
    """

    segments: tuple[SegmentFacts, ...]
    windows: tuple[CheckInWindow, ...]
    at_gate: bool
    now: dt.datetime


def require_step(booking: Booking, after: Status) -> None:
    """The table of transitions has the step (B1); otherwise TransitionRefused."""
    if not states.may_move(booking.status, after):
        raise rejections.TransitionRefused(before=booking.status, after=after)


def require_segment(booking: Booking, segment: int) -> None:
    """The journey has this segment; otherwise NoSuchPart."""
    if not 0 <= segment < len(booking.segments):
        raise rejections.NoSuchPart(field="segment", segment=segment)


def require_no_modification(booking: Booking) -> None:
    """No accepted modification is unfinished; otherwise ModificationPending."""
    if booking.modification is not None:
        raise rejections.ModificationPending()


def require_payment_confirmed(booking: Booking) -> None:
    """No capture that paid for the booking is contradicted; otherwise PaymentUnconfirmed."""
    if booking.suspended_by:
        raise rejections.PaymentUnconfirmed(reason="payment_unconfirmed")


def require_not_suspended(booking: Booking) -> None:
    """The payment is confirmed and not disputed; otherwise PaymentUnconfirmed, PaymentDisputed."""
    require_payment_confirmed(booking)
    if booking.disputed_by:
        raise rejections.PaymentDisputed(
            reason="payment_disputed", nextStep="ask_your_bank_to_end_the_dispute"
        )


def require_no_granted_refund(booking: Booking) -> None:
    """No refund was granted to a paid booking: after that it only awaits the refund."""
    if booking.status is Status.PAID and booking.obligations:
        raise rejections.TransitionRefused(reason="refund_granted", status=booking.status)


def require_amount_due(booking: Booking, captured: money.Money) -> None:
    """The money is exactly the amount due (B2); otherwise AmountDiffers."""
    due = booking.amount_due()
    if captured != due:
        raise rejections.AmountDiffers(due=due.amount, currency=due.currency)


def has_departed(facts: SegmentFacts) -> bool:
    """Whether the flight has left."""
    return not facts.operating and not facts.cancelled


def passes(
    guard: Callable[Parameters, None], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> bool:
    """Whether the guard rejects nothing."""
    try:
        guard(*args, **kwargs)
    except Rejection:
        return False
    return True
