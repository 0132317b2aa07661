"""Settle captured money that its booking could not take: seats again, or the money back.

It starts when money is parked, and when Stripe has confirmed what only a signature reported. A
timer settles what waits for something else, such as the end of a dispute.
"""

from application.booking.settle_parked_funds import SettleParkedFunds
from application.ports import RecordedEvent
from application.processes.process import BookingStep, Process, ProcessContext, TicketNumbers
from domain.kernel import ids
from domain.kernel.events import DomainEvent
from domain.payment.events import CaptureChecked, FundsParked

NAME = "settle_money_when_parked"
Started = FundsParked | CaptureChecked


def _settle(
    payment_id: str, event: Started, _state: object, _numbers: TicketNumbers
) -> SettleParkedFunds:
    return SettleParkedFunds(payment_id=payment_id, intent=event.intent)


async def settle(recorded: RecordedEvent, context: ProcessContext) -> None:
    """Submit the command; money that is settled records nothing."""
    event = recorded.event
    assert isinstance(event, Started)
    if not ids.is_intent(ids.booking_of_payment(recorded.stream)):
        command = SettleParkedFunds(payment_id=recorded.stream, intent=event.intent)
        await context.submit(recorded, NAME, command)


def _is_parked_of_booking(event: DomainEvent) -> bool:
    if isinstance(event, FundsParked):
        return event.reason != "unmatched"
    return isinstance(event, CaptureChecked) and event.parked


PROCESS = Process(
    name=NAME,
    starts_on=(FundsParked, CaptureChecked),
    run=settle,
    wanted=_is_parked_of_booking,
    step=BookingStep(command=_settle, starts_on=(FundsParked, CaptureChecked)),
)
