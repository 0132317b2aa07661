"""Request a refund from Stripe when the airline owes money to a booking."""

from application.payment.refund_payment import RefundPayment
from application.processes.process import BookingStep, TicketNumbers, step_process
from domain.booking.events import (
    BookingCancelled,
    CouponsCancelled,
    ModificationCompleted,
    PassengersMissed,
    RefundGranted,
)
from domain.booking.seat_events import SeatExtrasRefunded
from domain.booking.state import Booking
from domain.booking.values import Obligation
from domain.kernel.events import DomainEvent


def obligation(event: DomainEvent) -> Obligation | None:
    """Return the obligation that the event contains; None where nothing is owed."""
    match event:
        case (
            BookingCancelled(obligation=found)
            | CouponsCancelled(obligation=found)
            | RefundGranted(obligation=found)
            | PassengersMissed(obligation=found)
            | ModificationCompleted(obligation=found)
            | SeatExtrasRefunded(obligation=found)
        ):
            return found
        case _:
            return None


def _refund(
    booking_id: str, event: DomainEvent, booking: Booking, _numbers: TicketNumbers
) -> RefundPayment:
    """Refund what is owed from the payments of the booking, the newest first."""
    owed = obligation(event)
    assert owed is not None, "the process starts only where something is owed"
    return RefundPayment(
        booking_id=booking_id,
        obligation=owed.id,
        amount=owed.amount,
        payment_ids=tuple(reversed(booking.payments)),
    )


PROCESS = step_process(
    "refund_when_owed",
    BookingStep(command=_refund),
    starts_on=(
        BookingCancelled,
        CouponsCancelled,
        RefundGranted,
        PassengersMissed,
        ModificationCompleted,
        SeatExtrasRefunded,
    ),
    wanted=lambda event: obligation(event) is not None,
)
