"""How each refund of a payment stands, from the events of refunds alone."""

from domain.payment import events as payments
from tests.support.recounted import Payment


def take(payment: Payment, event: payments.RefundFact) -> None:
    """Take an event of a refund in; no step is skipped."""
    match event:
        case payments.RefundRequested():
            assert event.refund not in payment.refunds
            payment.refunds[event.refund] = event
            payment.standing[event.refund] = "requested"
        case payments.RefundAccepted():
            assert payment.standing[event.refund] in {"requested", "refused", "bank", "by hand"}
            payment.standing[event.refund] = "accepted"
        case payments.RefundSettled():
            assert payment.standing[event.refund] == "accepted"
            payment.standing[event.refund] = "settled"
        case payments.RefundRefused():
            assert payment.standing[event.refund] == "requested"
            payment.standing[event.refund] = "refused"
        case payments.RefundFailed():
            assert payment.standing[event.refund] in {"accepted", "settled"}
            assert event.transferred == (event.refund in payment.transferred)
            payment.standing[event.refund] = "bank" if event.transferred else "failed"
        case payments.RefundTransferred():
            assert payment.standing[event.refund] in {"refused", "failed"}
            payment.standing[event.refund] = "bank"
            payment.transferred.add(event.refund)
