"""What the airline undertook to give back is asked back from Stripe."""

from application.payment.refund_payment import RefundPayment
from application.ports import RecordedEvent
from domain.booking.events import (
    BookingCancelled,
    CouponsCancelled,
    ModificationCompleted,
    PassengersMissed,
    RefundGranted,
)
from domain.booking.state import Booking
from domain.booking.values import Obligation

NAME = "refund_when_owed"


def concerns(recorded: RecordedEvent) -> bool:
    """Whether the event starts this process."""
    return obligation(recorded) is not None


def obligation(recorded: RecordedEvent) -> Obligation | None:
    """What the event undertakes; None where it starts nothing."""
    match recorded.event:
        case (
            BookingCancelled(obligation=found)
            | CouponsCancelled(obligation=found)
            | RefundGranted(obligation=found)
            | PassengersMissed(obligation=found)
            | ModificationCompleted(obligation=found)
        ):
            return found
        case _:
            return None


def command(booking_stream: str, booking: Booking, owed: Obligation) -> RefundPayment:
    """What follows: drawn from the booking's payments, the newest first."""
    return RefundPayment(
        booking_id=booking_stream,
        obligation=owed.id,
        amount=owed.amount,
        payment_ids=tuple(reversed(booking.payments)),
    )
