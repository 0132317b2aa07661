"""Return what payers have paid of a booking or a change that has ended before the rest came."""

from application.booking.return_parts import ReturnParts
from application.commands import stream_kinds
from application.ports import RecordedEvent
from application.processes.process import BookingStep, Process, ProcessContext, TicketNumbers
from application.processes.return_credit_when_unpaid import ENDED_UNPAID, payment_of
from domain.kernel.events import DomainEvent

NAME = "return_parts_when_unpaid"


def _return(
    booking_id: str, event: DomainEvent, _booking: object, _numbers: TicketNumbers
) -> ReturnParts:
    return ReturnParts(payment_id=payment_of(booking_id, event))


async def return_parts(recorded: RecordedEvent, context: ProcessContext) -> None:
    """Submit the command where a part came; mostly there is none."""
    payment_id = payment_of(recorded.stream, recorded.event)
    payment = (await context.bus.current(stream_kinds.PAYMENT, payment_id))[0]
    if payment is not None and payment.kept() and not payment.is_settled():
        await context.submit(recorded, NAME, ReturnParts(payment_id=payment_id))


PROCESS = Process(
    name=NAME,
    starts_on=ENDED_UNPAID,
    run=return_parts,
    step=BookingStep(command=_return, starts_on=ENDED_UNPAID),
)
