"""Record a dispute as it is at Stripe now: what has happened since we last looked, in one append.

Money first, then the end of the dispute, then what both mean for the bookings. A dispute has no
effect on the status of a booking by itself.
"""

from collections.abc import Mapping

from application.booking import charge_back
from application.booking.charge_back import bookings_of, replaced_refunds
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.credit.dispute_credit import mark_credit
from application.payment.dispute_gateway import (
    DisputeTransaction,
    FraudWarning,
    ProviderDispute,
    ProviderStatus,
)
from application.payment.record_refund import close_booking
from application.payment.refund_payment import SendRefund
from domain.booking import states, suspension
from domain.kernel import ids, money
from domain.ledger import disputes as posting
from domain.ledger.carriage import Posted
from domain.payment import disputes, refunds, rejections
from domain.payment.dispute_state import UNDECIDED, Dispute, DisputeStage
from domain.payment.state import Payment, RefundStatus

# A dispute that was prevented took no money, or the money is gone as if it had been lost.
STAGES: Mapping[ProviderStatus, DisputeStage] = {
    "warning_needs_response": DisputeStage.INQUIRY,
    "warning_under_review": DisputeStage.INQUIRY,
    "warning_closed": DisputeStage.CLOSED,
    "needs_response": DisputeStage.OPEN,
    "under_review": DisputeStage.OPEN,
    "appeal_needs_response": DisputeStage.OPEN,
    "appeal_under_review": DisputeStage.OPEN,
    "won": DisputeStage.WON,
    "lost": DisputeStage.LOST,
    "prevented": DisputeStage.CLOSED,
}
APPEALS = frozenset({"appeal_needs_response", "appeal_under_review"})


class RecordFraudWarning(Command, frozen=True):
    """Record an early fraud warning about a capture of the payment."""

    payment_id: str
    intent: str
    warning: FraudWarning

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects PaymentNotFound; the same warning again records nothing."""
        payment = context.load(stream_kinds.PAYMENT, self.payment_id)
        if payment is None or payment.capture(self.intent) is None:
            raise rejections.PaymentNotFound()
        warned = disputes.warn(
            payment,
            warning=self.warning.id,
            intent=self.intent,
            charge=self.warning.charge,
            fraud_type=self.warning.fraud_type,
        )
        context.record(self.payment_id, warned)
        return Reply(self.payment_id)


class RecordDispute(Command, frozen=True):
    """Record how a dispute of the payment's capture `intent` stands at Stripe."""

    payment_id: str
    intent: str
    reported: ProviderDispute

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects PaymentNotFound, and ModificationPending where it is lost before a paid
        modification is completed; the same report again records nothing.
        """
        payment = context.load(stream_kinds.PAYMENT, self.payment_id)
        if payment is None or payment.capture(self.intent) is None:
            raise rejections.PaymentNotFound()
        _record_course(context, self)
        for transaction in sorted(self.reported.transactions, key=lambda each: each.amount.amount):
            _record_funds(context, self, transaction)
        _record_end(context, self)
        _mark_bookings(context, self)
        _resume_refunds(context, self)
        return Reply(self.payment_id)


def _payment(context: DecisionContext, command: RecordDispute) -> Payment:
    payment = context.load(stream_kinds.PAYMENT, command.payment_id)
    assert payment is not None
    return payment


def _dispute(context: DecisionContext, command: RecordDispute) -> Dispute:
    dispute = _payment(context, command).dispute(command.reported.id)
    assert dispute is not None, "its opening is recorded first"
    return dispute


def _record_course(context: DecisionContext, command: RecordDispute) -> None:
    """Record that it was opened, also where it has ended meanwhile, and evidence."""
    reported = command.reported
    payment = _payment(context, command)
    inquiry = reported.status.startswith("warning_")
    if STAGES[reported.status] in UNDECIDED or payment.dispute(reported.id) is None:
        opened = Dispute(
            id=reported.id,
            intent=command.intent,
            charge=reported.charge,
            amount=reported.amount,
            reason=reported.reason,
            stage=DisputeStage.INQUIRY if inquiry else DisputeStage.OPEN,
            evidence_due_at=reported.evidence_due_at,
        )
        appealed = reported.status in APPEALS
        context.record(command.payment_id, disputes.report(payment, opened, appealed=appealed))
    submitted = disputes.submit_evidence(
        _payment(context, command),
        dispute=reported.id,
        submission_count=reported.submission_count,
    )
    context.record(command.payment_id, submitted)


def _record_funds(
    context: DecisionContext, command: RecordDispute, transaction: DisputeTransaction
) -> None:
    """Post a balance transaction once; its fee is of its own currency, the settlement's."""
    payment, dispute = _payment(context, command), _dispute(context, command)
    posted = Posted(payment.booking, (dispute.id, transaction.id, dispute.charge), context.now)
    amount = _charged_amount(dispute, transaction)
    if transaction.amount.amount < 0:
        recorded = disputes.withdraw(
            payment,
            dispute=dispute.id,
            transaction=transaction.id,
            amount=amount,
            fee=transaction.fee,
            entry=posting.withdrawn_entry(posted, amount=amount, fee=transaction.fee),
        )
    elif amount.amount:
        recovered = disputes.recovered_of(dispute, amount)
        recorded = disputes.reinstate(
            payment,
            dispute=dispute.id,
            transaction=transaction.id,
            amount=amount,
            fee=-transaction.fee,
            recovered=recovered,
            entry=posting.reinstated_entry(
                posted,
                amount=amount,
                recovered=recovered,
                parked=disputes.parked_again(payment, dispute, recovered),
                fee=-transaction.fee,
            ),
        )
    else:
        return
    context.record(command.payment_id, recorded)


def _charged_amount(dispute: Dispute, transaction: DisputeTransaction) -> money.Money:
    """Return the amount in the currency of the charge, as the books have it.

    Where Stripe settles in another one, it is the whole: no rate is computed anew.
    """
    amount, currency = transaction.amount, dispute.amount.currency
    if amount.currency == currency:
        return money.Money(abs(amount.amount), currency)
    if amount.amount < 0:
        return dispute.amount
    return money.Money(dispute.receivable + dispute.lost, currency)


def _record_end(context: DecisionContext, command: RecordDispute) -> None:
    dispute = _dispute(context, command)
    stage = STAGES[command.reported.status]
    if stage is DisputeStage.WON:
        won = disputes.win(_payment(context, command), dispute=dispute.id)
        context.record(command.payment_id, won)
    elif stage is DisputeStage.LOST or (stage is DisputeStage.CLOSED and dispute.receivable):
        _record_loss(context, command, dispute)
    elif stage is DisputeStage.CLOSED:
        closed = disputes.close(_payment(context, command), dispute=dispute.id)
        context.record(command.payment_id, closed)


def _record_loss(context: DecisionContext, command: RecordDispute, dispute: Dispute) -> None:
    """Record that it is lost; bookings whose refunds it has paid become refunded."""
    entry = None
    if dispute.receivable:
        entry = charge_back.charge_back_loss(context, command.payment_id, dispute)
    lost = disputes.lose(_payment(context, command), dispute=dispute.id, entry=entry)
    context.record(command.payment_id, lost)
    payment = _payment(context, command)
    owing = {
        payment.owed_by(each)
        for each in payment.refunds
        if each.status is RefundStatus.CHARGED_BACK and each.intent == command.intent
    }
    for booking_id in sorted(owing):
        close_booking(booking_id, context)


def _mark_bookings(context: DecisionContext, command: RecordDispute) -> None:
    """Suspend the coupons that the money paid for while it is withdrawn, or end the suspension.

    A booking that was paid and has no tickets stays suspended when its payment is lost.
    """
    payment, dispute = _payment(context, command), _dispute(context, command)
    captured = payment.capture(command.intent)
    assert captured is not None
    if captured.parked:
        return
    mark_credit(context, payment, dispute)
    disputed = dispute.stage is DisputeStage.OPEN and dispute.receivable > 0
    for booking_id in bookings_of(context, payment):
        booking = context.load(stream_kinds.BOOKING, booking_id)
        assert booking is not None
        unticketed = booking.status is states.Status.PAID and dispute.stage is DisputeStage.LOST
        if disputed:
            recorded = suspension.suspend(
                booking,
                payment=command.payment_id,
                intent=command.intent,
                reason=dispute.reason,
                dispute=dispute.id,
            )
            context.record(booking_id, recorded)
        elif not unticketed and dispute.stage is not DisputeStage.OPEN:
            ended = suspension.reinstate(
                booking, payment=command.payment_id, intent=command.intent, dispute=dispute.id
            )
            context.record(booking_id, ended)


def _resume_refunds(context: DecisionContext, command: RecordDispute) -> None:
    """Request what waited for the end of the dispute, and what the dispute made fail."""
    payment_id = command.payment_id
    payment = _payment(context, command)
    if payment.open_dispute(command.intent) is not None:
        return
    replaced = replaced_refunds(context, payment)
    for refund in disputes.unpaid_refunds(payment, command.intent, replaced=replaced):
        payment = _payment(context, command)
        if refund.status is RefundStatus.WAITING:
            resumed = disputes.resume_refund(
                payment,
                refund=refund.id,
                idempotency_key=f"refund:{refund.id}:after:{command.reported.id}",
                now=context.now,
            )
            context.record(payment_id, resumed)
            context.enqueue(SendRefund(payment_id=payment_id, refund=refund.id))
        elif (
            refund.status is RefundStatus.FAILED
            and refund.failure == disputes.PENDING_REFUND_DISPUTED
            and payment.refundable(refund.intent).amount >= refund.amount.amount
        ):
            fresh = ids.refund_id(payment_id, len(payment.refunds) + 1)
            again = refunds.send_again(
                payment,
                failed=refund,
                refund=fresh,
                intent=refund.intent,
                idempotency_key=f"refund:{fresh}",
                now=context.now,
            )
            context.record(payment_id, again)
            context.enqueue(SendRefund(payment_id=payment_id, refund=fresh))
