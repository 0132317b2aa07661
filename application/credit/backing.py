"""Whether the airline still has the money that a change has left as credit.

The payer may dispute it at the bank, and have both otherwise. While the dispute is open, and once
it is lost and the rest does not cover the credit, nothing of it is spent or paid out.
"""

from application.commands import stream_kinds
from application.commands.context import DecisionContext
from domain.credit import rejections
from domain.credit.state import Credit
from domain.payment.state import NOT_REFUNDED, Payment


def require_spendable(context: DecisionContext, credit: Credit) -> None:
    """Rejects CreditNotSpendable."""
    if not _is_backed(context, credit):
        raise rejections.CreditNotSpendable(
            reason="disputed", currency=credit.balance.currency, balance=credit.balance.amount
        )


def require_payable(context: DecisionContext, credit: Credit) -> None:
    """Rejects PayoutRefused."""
    if not _is_backed(context, credit):
        raise rejections.PayoutRefused(reason="disputed")


def _is_backed(context: DecisionContext, credit: Credit) -> bool:
    """Return whether no dispute concerns the money, or the rest of it covers what was issued."""
    if credit.origin != "cheaper_change" or credit.booking is None:
        return True
    booking = context.load(stream_kinds.BOOKING, credit.booking)
    assert booking is not None, "a credit names a booking that exists"
    lost = left = 0
    for payment_id in booking.payments:
        payment = context.load(stream_kinds.PAYMENT, payment_id)
        assert payment is not None, "a booking names payments that exist"
        for captured in payment.captures:
            if captured.amount.currency != credit.issued.currency:
                continue
            if payment.open_dispute(captured.intent) is not None:
                return False
            taken = payment.charged_back(captured.intent).amount
            lost += taken
            left += captured.applied().amount - taken - _refunded(payment, captured.intent)
    return lost == 0 or left >= credit.issued.amount


def _refunded(payment: Payment, intent: str) -> int:
    """Return what of the capture goes back, or has gone, in minor units."""
    return sum(
        each.amount.amount
        for each in payment.refunds
        if each.intent == intent and each.status not in NOT_REFUNDED
    )
