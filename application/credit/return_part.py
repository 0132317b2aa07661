"""Records that a part of a payment goes back to its credit: both streams in one append.

Where a change leaves credit, what credit has paid comes back first, what is never paid
out before the rest: a later refund then gives cards all that they have paid, and neither goodwill
nor a gift card becomes money.
"""

from application.commands import stream_kinds
from application.commands.context import DecisionContext
from application.credit.dispute_credit import recover_loss
from application.policies.rules_now import load_rule
from domain.booking.state import Booking
from domain.credit import credits
from domain.credit.events import ReturnCause
from domain.credit.state import Credit
from domain.kernel import money
from domain.ledger import credits as posting
from domain.payment import credit_parts
from domain.payment.state import CreditPart, Payment
from domain.policies.money_values import CreditLifetimes


def refund_part(
    context: DecisionContext,
    payment_id: str,
    part: CreditPart,
    *,
    booking_id: str,
    obligation: str,
    amount: money.Money,
    cause: ReturnCause,
) -> None:
    """Give back what the booking owes by the obligation; it can be spent again at once."""
    payment = _payment(context, payment_id)
    refunded = credit_parts.refund(
        payment, use=part.use, amount=amount, obligation=obligation, now=context.now
    )
    context.record(payment_id, refunded)
    if refunded:
        _return(context, part, booking_id=booking_id, amount=amount, cause=cause)


def return_for_change(
    context: DecisionContext, booking_id: str, booking: Booking, amount: money.Money
) -> money.Money:
    """Give back to its credits what a change leaves of them; return the rest of the amount."""
    left = amount
    for payment_id, part in _parts_that_paid(context, booking):
        back = part.left if part.left.amount < left.amount else left
        if back.amount == 0:
            continue
        payment = _payment(context, payment_id)
        returned = credit_parts.return_for_change(
            payment, use=part.use, amount=back, booking=booking_id
        )
        context.record(payment_id, returned)
        _return(context, part, booking_id=booking_id, amount=back, cause="change")
        left -= back
    return left


def _parts_that_paid(context: DecisionContext, booking: Booking) -> list[tuple[str, CreditPart]]:
    """Return the parts with their payments: goodwill first, then those of the newest payment."""
    found = []
    for payment_id in reversed(booking.payments):
        payment = _payment(context, payment_id)
        if payment.is_settled():
            found += [(payment_id, each) for each in payment.credit_parts if not each.is_withdrawn]
    return sorted(
        found, key=lambda each: _credit(context, each[1]).origin not in credits.NEVER_PAID_OUT
    )


def withdraw_part(context: DecisionContext, payment_id: str, use: str) -> None:
    """Take a whole part back from an amount that is not paid. Rejects CreditPartNotFound."""
    payment = _payment(context, payment_id)
    withdrawn = credit_parts.withdraw(payment, use=use)
    context.record(payment_id, withdrawn)
    part = payment.credit_part(use)
    if withdrawn and part is not None:
        _return(context, part, booking_id=payment.booking, amount=part.amount, cause="unpaid")


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
    cause: ReturnCause,
) -> None:
    lifetimes = load_rule(context, CreditLifetimes)
    returned = credits.return_part(
        _credit(context, part),
        use=part.use,
        amount=amount,
        now=context.now,
        returned_for=lifetimes.returned,
        grace=lifetimes.grace,
        cause=cause,
        entry=posting.returned_entry(
            credit=part.credit,
            booking=booking_id,
            amount=amount,
            now=context.now,
            cause=cause,
        ),
    )
    context.record(part.credit, returned)
    recover_loss(context, part.credit)


def _credit(context: DecisionContext, part: CreditPart) -> Credit:
    credit = context.load(stream_kinds.CREDIT, part.credit)
    assert credit is not None, "the payment names a credit that was spent"
    return credit


def _payment(context: DecisionContext, payment_id: str) -> Payment:
    payment = context.load(stream_kinds.PAYMENT, payment_id)
    assert payment is not None, "credit has paid a part of it"
    return payment
