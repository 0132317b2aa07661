"""Send a refused or failed refund again, to the same card or from another capture of the booking.

No coupon is touched: what is owed stays as the booking's event recorded it.
"""

import msgspec

from application.booking import journey
from application.booking.access import visible_booking
from application.booking.ports import BookingPorts
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.payment.refund_payment import SendRefund
from domain.booking import rejections as booking_rejections
from domain.kernel import ids
from domain.payment import refunds, rejections
from domain.payment.state import Payment, Refund


class ResentRefund(msgspec.Struct, frozen=True):
    """The refund in place of the failed one; `replayed` when the command was carried out before."""

    booking_id: str
    refund: str
    replayed: bool


async def resend_refund(
    ports: BookingPorts, caller: Caller, id_or_reference: str, refund: str, *, intent: str | None
) -> ResentRefund:
    """Send the refund again; the caller's role was checked. Rejects what the command does.

    Money that matched no booking is found by its intent in place of a booking.
    """
    booking_id = await booking_of_refund(ports, caller, id_or_reference, refund)
    command = ResendRefund(booking_id=booking_id, refund=refund, intent=intent)
    outcome = await ports.bus.submit(caller.envelope(command))
    return ResentRefund(booking_id, outcome.answer.ids["refund"], outcome.replayed)


async def booking_of_refund(
    ports: BookingPorts, caller: Caller, id_or_reference: str, refund: str
) -> str:
    """Return the booking's id, or the intent; rejects BookingNotFound and PaymentNotFound."""
    if not ids.is_payment_id(ids.payment_of_refund(refund)):
        raise rejections.PaymentNotFound()
    if ids.is_without_booking(id_or_reference):
        return id_or_reference
    return (await visible_booking(ports, caller.principal, id_or_reference))[0]


class ResendRefund(Command, frozen=True):
    """`refund` is the failed one; `intent` another capture to draw from, None for the same."""

    booking_id: str
    refund: str
    intent: str | None = None

    @property
    def streams(self) -> tuple[str, ...]:
        """The payment of the refund; booking and other payments become known with it."""
        return (ids.payment_of_refund(self.refund),)

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, PaymentNotFound, RefundNotFailed, RefundExceedsCaptured and
        ChargeDisputed.

        The answer's `refund` is the new one; where the refund was sent again before, that one.
        Another payment that is shared with a divided booking is not drawn from, nor, where several
        payers have paid, the capture of another payer.
        """
        payments = payments_of_refund(self.booking_id, self.refund, context)
        failed, sent = failed_refund(self.booking_id, self.refund, payments)
        if sent is not None:
            return Reply(ids.payment_of_refund(sent.id), {"refund": sent.id})
        return _send_again(self, payments, failed, context)


def payments_of_refund(
    booking_id: str, refund: str, context: DecisionContext
) -> dict[str, Payment]:
    """Return the payments of the booking, and that of the refund, which may have come too late.

    Those of a booking that it was divided from are among them. Rejects BookingNotFound.
    """
    names = {ids.payment_of_refund(refund)}
    known: tuple[str, ...] = ()
    if not ids.is_without_booking(booking_id):
        booking = context.load(stream_kinds.BOOKING, booking_id)
        if booking is None:
            raise booking_rejections.BookingNotFound()
        known = booking.payments
        names.update(known)
    found = {each: context.load(stream_kinds.PAYMENT, each) for each in sorted(names)}
    return {
        payment_id: payment
        for payment_id, payment in found.items()
        if payment is not None and (payment.booking == booking_id or payment_id in known)
    }


def failed_refund(
    booking_id: str, refund: str, payments: dict[str, Payment]
) -> tuple[Refund, Refund | None]:
    """Return the refund, and the one that was sent in its place; rejects PaymentNotFound, also
    where another booking owes it.
    """
    known = [
        each
        for payment in payments.values()
        for each in payment.refunds
        if payment.owed_by(each) == booking_id
    ]
    found = next((each for each in known if each.id == refund), None)
    if found is None:
        raise rejections.PaymentNotFound()
    return found, next((each for each in known if each.replaces == found.id), None)


def _send_again(
    command: ResendRefund, payments: dict[str, Payment], failed: Refund, context: DecisionContext
) -> Reply:
    intent = command.intent or failed.intent
    source = next((each for each, payment in payments.items() if payment.capture(intent)), None)
    if source is None:
        raise rejections.PaymentNotFound()
    if source != ids.payment_of_refund(failed.id) and _is_shared(command, source, context):
        raise rejections.RefundExceedsCaptured(reason="shared_with_a_divided_booking")
    of_refund = payments[ids.payment_of_refund(failed.id)]
    # The end of a dispute of its own capture pays it, whichever way the bank decides.
    refunds.require_no_open_dispute(of_refund, failed.intent)
    if intent != failed.intent and (of_refund.is_shared() or payments[source].is_shared()):
        raise rejections.RefundExceedsCaptured(reason="of_another_payer")
    refund = ids.refund_id(source, len(payments[source].refunds) + 1)
    requested = refunds.send_again(
        payments[source],
        failed=failed,
        refund=refund,
        intent=intent,
        idempotency_key=f"refund:{refund}",
        now=context.now,
    )
    context.record(source, requested)
    context.enqueue(SendRefund(payment_id=source, refund=refund))
    return Reply(source, {"refund": refund})


def _is_shared(command: ResendRefund, payment_id: str, context: DecisionContext) -> bool:
    """Whether another booking is refunded from the payment, too: each draws its own part of it."""
    if ids.is_without_booking(command.booking_id):
        return False
    booking = journey.load(context, command.booking_id)
    if ids.booking_of_payment(payment_id) != command.booking_id:
        return True
    others = (journey.load(context, each.booking) for each in booking.divided_into)
    return any(payment_id in other.payments for other in others)
