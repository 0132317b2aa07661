"""Request a refund from Stripe when the airline owes money to a booking.

What a departure makes the airline owe to no-shows waits until the departure is final; a timer runs
the process again then.
"""

from application.payment.refund_payment import RefundPayment
from application.ports import RecordedEvent
from application.processes.process import BookingStep, Process, ProcessContext, TicketNumbers
from domain.booking import departure_correction
from domain.booking.charge_back_events import CouponsVoided
from domain.booking.events import (
    BookingCancelled,
    CouponsCancelled,
    ModificationCompleted,
    PassengersMissed,
    RefundGranted,
)
from domain.booking.extras_events import ExtraRefunded, ExtrasIssued
from domain.booking.seat_events import SeatExtrasRefunded
from domain.booking.state import Booking
from domain.booking.values import Obligation
from domain.inventory.departure_correction import is_final
from domain.inventory.state import FlightStatus
from domain.kernel.events import DomainEvent

NAME = "refund_when_owed"


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
            | CouponsVoided(obligation=found)
            | ExtrasIssued(obligation=found)
            | ExtraRefunded(obligation=found)
        ):
            return found
        case _:
            return None


async def refund(recorded: RecordedEvent, context: ProcessContext) -> None:
    """Refund what is owed from the payments of the booking, the newest first."""
    owed = obligation(recorded.event)
    if owed is None:
        return
    booking = await context.booking(recorded.stream)
    if owed not in booking.obligations or await _waits(recorded, booking, owed, context):
        return
    await context.submit(recorded, NAME, _request(recorded.stream, booking, owed))
    if isinstance(recorded.event, RefundGranted):
        # With it a departure is final: what that made the airline owe waits no longer.
        for each in booking.obligations:
            if each != owed:
                request = _request(recorded.stream, booking, each)
                await context.submit(recorded, f"{NAME}:{each.id}", request)


def _request(booking_id: str, booking: Booking, owed: Obligation) -> RefundPayment:
    """Return the request; of one that was requested before, nothing is recorded."""
    return RefundPayment(
        booking_id=booking_id,
        obligation=owed.id,
        amount=owed.amount,
        payment_ids=tuple(reversed(booking.payments)),
        by_airline=owed.by_airline,
    )


async def _waits(
    recorded: RecordedEvent, booking: Booking, owed: Obligation, context: ProcessContext
) -> bool:
    """Whether the money is owed because of a departure that may still be withdrawn, or has been."""
    event = recorded.event
    if not isinstance(event, PassengersMissed):
        return False
    if not departure_correction.may_be_withdrawn(booking, owed.id):
        return False
    segment = min(each.segment for each in event.coupons)
    flight = await context.flight(booking.segments[segment].flight)
    if flight.status is not FlightStatus.DEPARTED or flight.departed_at is None:
        return True
    return not is_final(flight.departed_at, now=context.clock())


def _at_once(
    booking_id: str, event: DomainEvent, booking: Booking, _numbers: TicketNumbers
) -> RefundPayment:
    owed = obligation(event)
    assert owed is not None, "the process starts only where something is owed"
    return _request(booking_id, booking, owed)


PROCESS = Process(
    name=NAME,
    starts_on=(
        BookingCancelled,
        CouponsCancelled,
        RefundGranted,
        PassengersMissed,
        ModificationCompleted,
        SeatExtrasRefunded,
        CouponsVoided,
        ExtrasIssued,
        ExtraRefunded,
    ),
    run=refund,
    wanted=lambda event: obligation(event) is not None,
    # The others may concern a departure that is not final.
    step=BookingStep(
        command=_at_once,
        starts_on=(
            BookingCancelled,
            CouponsCancelled,
            ModificationCompleted,
            SeatExtrasRefunded,
            CouponsVoided,
            ExtrasIssued,
            ExtraRefunded,
        ),
    ),
)
