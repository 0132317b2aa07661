"""Return the credit that was to pay for a booking or a change that has ended unpaid."""

from application.commands import stream_kinds
from application.credit.return_unused_credit import ReturnUnusedCredit
from application.ports import RecordedEvent
from application.processes.process import BookingStep, Process, ProcessContext, TicketNumbers
from domain.booking.events import BookingCancelled, BookingExpired, ModificationExpired
from domain.booking.extras_events import ExtrasOrderExpired
from domain.kernel import ids
from domain.kernel.events import DomainEvent

NAME = "return_credit_when_unpaid"
ENDED_UNPAID: tuple[type[DomainEvent], ...] = (
    BookingExpired,
    BookingCancelled,
    ModificationExpired,
    ExtrasOrderExpired,
)


def payment_of(booking_id: str, event: DomainEvent) -> str:
    """Return the payment of the amount that is not due any more."""
    if isinstance(event, ModificationExpired | ExtrasOrderExpired):
        return ids.payment_stream(booking_id, event.number + 1)
    return ids.payment_stream(booking_id, ids.FIRST_PAYMENT)


def _return(
    booking_id: str, event: DomainEvent, _booking: object, _numbers: TicketNumbers
) -> ReturnUnusedCredit:
    return ReturnUnusedCredit(payment_id=payment_of(booking_id, event))


async def return_credit(recorded: RecordedEvent, context: ProcessContext) -> None:
    """Submit the command where credit still is to pay a part; mostly there is none."""
    payment_id = payment_of(recorded.stream, recorded.event)
    payment = (await context.bus.current(stream_kinds.PAYMENT, payment_id))[0]
    if payment is None or payment.is_settled() or not payment.credited().amount:
        return
    await context.submit(recorded, NAME, ReturnUnusedCredit(payment_id=payment_id))


PROCESS = Process(
    name=NAME,
    starts_on=ENDED_UNPAID,
    run=return_credit,
    step=BookingStep(command=_return, starts_on=ENDED_UNPAID),
)
