"""Take a part that credit pays back, while what is due is not paid."""

from application.booking import journey, live_session
from application.booking.access import visible_booking
from application.booking.booking_details import BookingDetails, carry_out_and_read
from application.booking.ports import BookingPorts
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.credit import return_part
from domain.credit.rejections import CreditNotFound
from domain.kernel import ids
from domain.payment import credit_parts
from domain.payment.rejections import CreditPartNotFound


@stored_answer_first
async def withdraw_credit(
    ports: BookingPorts, caller: Caller, id_or_reference: str, use: str
) -> BookingDetails:
    """Return the part to its credit; a session that collects the rest is expired first.

    Rejects what the command does; raises GatewayFailure.
    """
    booking_id, booking = await visible_booking(ports, caller.principal, id_or_reference)
    await live_session.expire(ports.bus, ports.collector, booking_id, booking, cause=caller.cause)
    command = WithdrawCredit(booking_id=booking_id, use=use, user=caller.principal.user)
    return await carry_out_and_read(ports, caller, command)


class WithdrawCredit(Command, frozen=True):
    """Return the part of this use to the credit of this user."""

    booking_id: str
    use: str
    user: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, CreditPartNotFound, CreditNotFound for another user's credit,
        AlreadyPaid, and AttemptPending while a session is live; idempotent.
        """
        booking = journey.load(context, self.booking_id)
        payment_id = ids.payment_stream(self.booking_id, booking.payment_number())
        payment = context.load(stream_kinds.PAYMENT, payment_id)
        part = None if payment is None else payment.credit_part(self.use)
        if payment is None or part is None:
            raise CreditPartNotFound()
        credit = context.load(stream_kinds.CREDIT, part.credit)
        if credit is None or credit.owner != self.user:
            raise CreditNotFound()
        if part.is_withdrawn:
            return Reply(self.booking_id)
        credit_parts.require_no_session(payment)
        return_part.withdraw_part(context, payment_id, self.use)
        return Reply(self.booking_id)
