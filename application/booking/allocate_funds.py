"""Let money without a booking pay for the one that its payer meant; finance found it.

It pays what is due there, as if it had named the booking; what is beyond goes back to its payer.
"""

from application.booking import journey, reseat_booking
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.bus import CommandBus
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.credit import return_part
from application.payment.record_capture import end_live_sessions
from application.payment.return_parked_funds import ReturnParkedFunds
from domain.booking import preconditions, rejections, sale, states
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.kernel import ids, money
from domain.ledger import rules as ledger_rules
from domain.payment import captures
from domain.payment.events import PaymentEvent
from domain.payment.rejections import PaymentNotFound


async def allocate_funds(
    bus: CommandBus, caller: Caller, payment_id: str, intent: str, id_or_reference: str
) -> bool:
    """Allocate the money; return whether that was done before. The caller's role was checked.

    Rejects what the command does.
    """
    booking_id = ids.booking_id_of(id_or_reference)
    if not ids.is_payment_id(payment_id):
        raise PaymentNotFound()
    if booking_id is None:
        raise rejections.BookingNotFound()
    command = AllocateFunds(payment_id=payment_id, intent=intent, booking_id=booking_id)
    return (await bus.submit(caller.envelope(command))).replayed


class AllocateFunds(Command, frozen=True):
    """Let the parked money of this intent pay what is due for the booking."""

    payment_id: str
    intent: str
    booking_id: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects PaymentNotFound, BookingNotFound, FundsNotParked and ChargeDisputed;
        TransitionRefused where nothing is due or no seats are held, AmountDiffers for less than is
        due, and for an expired booking what `reseat_booking.take_seats` does.

        The same allocation again records nothing.
        """
        payment = context.load(stream_kinds.PAYMENT, self.payment_id)
        captured = None if payment is None else payment.capture(self.intent)
        if payment is None or captured is None:
            raise PaymentNotFound()
        booking = journey.load(context, self.booking_id)
        if payment.allocated_to == self.booking_id:
            return Reply(self.payment_id)
        due = booking.amount_due()
        allocated = captures.allocate(
            payment,
            intent=self.intent,
            booking=self.booking_id,
            amount=_covered(booking, captured.amount),
            entry=ledger_rules.funds_allocated_entry(
                intent=self.intent,
                booking=self.booking_id,
                amount=due,
                references=(captured.intent, captured.charge),
                now=context.now,
            ),
        )
        if booking.status is Status.EXPIRED:
            reseat_booking.take_seats(
                context,
                self.booking_id,
                payment_id=self.payment_id,
                captured=captured.amount,
                paid_at=context.now,  # however old it is: a person has looked at it
            )
        self._pay(context, allocated, due)
        if captured.amount != due:
            ReturnParkedFunds(self.payment_id, self.intent).decide(context)
        return Reply(self.payment_id)

    def _pay(
        self, context: DecisionContext, allocated: list[PaymentEvent], due: money.Money
    ) -> None:
        booking = journey.load(context, self.booking_id)
        own = ids.payment_stream(self.booking_id, booking.payment_number())
        context.record(self.payment_id, allocated)
        paid = sale.pay(booking, payment=self.payment_id, captured=due)
        context.record(self.booking_id, paid)
        return_part.withdraw_all(context, own)
        end_live_sessions(context, own)


def _covered(booking: Booking, captured: money.Money) -> money.Money:
    """Return what is due, where the money covers it and its surplus can be refunded.

    Rejects TransitionRefused and AmountDiffers.
    """
    due = booking.amount_due()
    if booking.status in states.WAITLISTED or not due.amount or booking.was_cancelled:
        raise rejections.TransitionRefused(before=booking.status, after=Status.PAID)
    if captured.currency != due.currency or captured.amount < due.amount:
        preconditions.require_amount_due(booking, captured)
    surplus = captured - due
    if surplus.amount and not money.is_chargeable(surplus):
        preconditions.require_amount_due(booking, captured)
    return due
