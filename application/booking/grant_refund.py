"""Grant a refund beyond the rules; open coupons are cancelled with it.

A large one is proposed by the first person of finance who asks for it, and granted by the second.
"""

from application.booking import journey
from application.booking.access import others_booking
from application.booking.booking_details import BookingDetails, carry_out_and_read
from application.booking.ports import BookingPorts
from application.booking.staff_notes import Notes, sealed_note
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.policies.rules_now import load_rule
from domain.booking import cancellation, preconditions, refund_approval, rejections, states
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.booking.values import Obligation
from domain.kernel import money
from domain.ledger import carriage
from domain.payment import refunds
from domain.policies.money_values import ApprovalLimits

REFUND_GRANTED = "refund_granted"


@stored_answer_first
async def grant_refund(
    ports: BookingPorts, caller: Caller, id_or_reference: str, *, reason: str, amount: int | None
) -> BookingDetails:
    """Refund an amount in minor units, or all that is not refunded yet; `reason` is staff's words.

    What is too much for one person is proposed, and granted once another asks for the same amount.

    The caller's role was checked already. Rejects BookingNotFound, NotAllowed for a
    booking of their own, and what the command does.
    """
    booking_id, booking = await others_booking(ports, caller.principal, id_or_reference)
    notes = await sealed_note(ports.vault, booking, reason)
    command = GrantRefund(
        booking_id=booking_id, amount=amount, by=caller.principal.user, notes=notes
    )
    return await carry_out_and_read(ports, caller, command)


class GrantRefund(Command, frozen=True):
    """`amount` in minor units, None for all that is not refunded yet; `by` is the user, and `notes`
    are kept sealed."""

    booking_id: str
    by: str
    amount: int | None = None
    notes: Notes = ()

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, TransitionRefused, ModificationPending, PaymentDisputed,
        ChargeDisputed, RefundExceedsPaid and InvalidRefund; what needs a second person is proposed.
        """
        booking_id = self.booking_id
        booking = journey.load(context, booking_id)
        if booking.status not in cancellation.GRANTABLE:
            raise rejections.TransitionRefused(before=booking.status, after="refunded")
        _require_no_open_dispute(context, booking)
        coupons = booking.open_coupons()
        value = journey.value_of(booking, coupons)
        amount = _granted_amount(self, booking, owed=value.total)
        posted = journey.posted(booking_id, booking, context.now)
        granted = cancellation.grant_refund(
            booking,
            reason=REFUND_GRANTED,
            obligation=Obligation(cancellation.next_obligation_id(booking, booking_id), amount),
            entry=(
                carriage.unticketed_refund_entry(posted, amount=amount)
                if booking.status is Status.PAID
                else carriage.goodwill_entry(posted, value=value, amount=amount.amount)
            ),
            notes=self.notes,
        )
        most = load_rule(context, ApprovalLimits).most(amount.currency)
        if refund_approval.needs_second_person(booking, amount, most=most, by=self.by):
            proposed = refund_approval.propose(booking, amount, by=self.by, notes=self.notes)
            context.record(booking_id, proposed)
            return Reply(booking_id)
        context.record(booking_id, granted)
        if booking.status in states.TICKETED:
            journey.return_seats(context, booking_id, booking, coupons, REFUND_GRANTED)
        elif booking.status is Status.PAID:
            journey.release_holds(context, booking_id, booking, REFUND_GRANTED)
        return Reply(booking_id)


def _require_no_open_dispute(context: DecisionContext, booking: Booking) -> None:
    """No payment of the booking is disputed; otherwise PaymentDisputed or ChargeDisputed.

    It would be paid back twice, once by the refund and once by the dispute.
    """
    preconditions.require_not_suspended(booking)
    for payment_id in booking.payments:
        payment = context.load(stream_kinds.PAYMENT, payment_id)
        assert payment is not None, "a booking names payments that exist"
        for captured in payment.captures:
            refunds.require_no_open_dispute(payment, captured.intent)


def _granted_amount(command: GrantRefund, booking: Booking, *, owed: int) -> money.Money:
    """Return the amount: at most what was paid and is not refunded yet, at least the value of the
    open coupons, and everything before tickets are issued. Rejects what `require_refundable` does.
    """
    left = cancellation.refundable(booking)
    amount = money.Money(
        left.amount if command.amount is None else command.amount, booking.currency
    )
    least = left.amount if booking.status is Status.PAID else owed
    cancellation.require_refundable(booking, amount, least=least)
    return amount
