"""Records that a part of a payment goes back to its credit: both streams in one append."""

from application.commands import stream_kinds
from application.commands.context import DecisionContext
from application.credit.dispute_credit import recover_loss
from domain.credit import credits
from domain.kernel import money
from domain.ledger import credits as posting
from domain.payment import credit_parts
from domain.payment.state import CreditPart, Payment


def refund_part(
    context: DecisionContext,
    payment_id: str,
    part: CreditPart,
    *,
    booking_id: str,
    obligation: str,
    amount: money.Money,
) -> None:
    """Give back what the booking owes by the obligation; it can be spent again at once."""
    payment = _payment(context, payment_id)
    refunded = credit_parts.refund(
        payment, use=part.use, amount=amount, obligation=obligation, now=context.now
    )
    context.record(payment_id, refunded)
    if refunded:
        _return(context, part, booking_id=booking_id, amount=amount, was_applied=True)


def withdraw_part(context: DecisionContext, payment_id: str, use: str) -> None:
    """Take a whole part back from an amount that is not paid. Rejects CreditPartNotFound."""
    payment = _payment(context, payment_id)
    withdrawn = credit_parts.withdraw(payment, use=use)
    context.record(payment_id, withdrawn)
    part = payment.credit_part(use)
    if withdrawn and part is not None:
        _return(context, part, booking_id=payment.booking, amount=part.amount, was_applied=False)


def withdraw_all(context: DecisionContext, payment_id: str) -> None:
    """Take back every part of an amount that credit does not pay any more, unless it is paid."""
    payment = context.load(stream_kinds.PAYMENT, payment_id)
    if payment is None or payment.is_settled():
        return
    for part in payment.credit_parts:
        withdraw_part(context, payment_id, part.use)


def _return(
    context: DecisionContext,
    part: CreditPart,
    *,
    booking_id: str,
    amount: money.Money,
    was_applied: bool,
) -> None:
    credit = context.load(stream_kinds.CREDIT, part.credit)
    assert credit is not None, "the payment names a credit that was spent"
    returned = credits.return_part(
        credit,
        use=part.use,
        amount=amount,
        now=context.now,
        was_applied=was_applied,
        entry=posting.returned_entry(
            credit=part.credit,
            booking=booking_id,
            amount=amount,
            now=context.now,
            was_applied=was_applied,
        ),
    )
    context.record(part.credit, returned)
    recover_loss(context, part.credit)


def _payment(context: DecisionContext, payment_id: str) -> Payment:
    payment = context.load(stream_kinds.PAYMENT, payment_id)
    assert payment is not None, "credit has paid a part of it"
    return payment
