"""Request a refund from Stripe when the airline owes money to a booking."""

from application.payment.refund_payment import RefundPayment
from application.ports import RecordedEvent
from application.processes.process import Process, ProcessContext
from domain.booking.events import (
    BookingCancelled,
    CouponsCancelled,
    ModificationCompleted,
    PassengersMissed,
    RefundGranted,
)
from domain.booking.seat_events import SeatExtrasRefunded
from domain.booking.values import Obligation

NAME = "refund_when_owed"


def obligation(recorded: RecordedEvent) -> Obligation | None:
    """Return the obligation that the event contains; None where nothing is owed."""
    match recorded.event:
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


async def refund(recorded: RecordedEvent, context: ProcessContext) -> None:
    """Refund what is owed from the payments of the booking, the newest first."""
    owed = obligation(recorded)
    if owed is None:
        return
    booking = await context.booking(recorded.stream)
    command = RefundPayment(
        booking_id=recorded.stream,
        obligation=owed.id,
        amount=owed.amount,
        payment_ids=tuple(reversed(booking.payments)),
    )
    await context.submit(recorded, NAME, command)


PROCESS = Process(
    name=NAME,
    starts_on=(
        BookingCancelled,
        CouponsCancelled,
        RefundGranted,
        PassengersMissed,
        ModificationCompleted,
        SeatExtrasRefunded,
    ),
    run=refund,
)
