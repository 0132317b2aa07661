"""The fold of a payment: the file that decided an event applies it."""

from typing import assert_never

from domain.payment import attempts, captures, credit_parts, disputes, external_refunds, refunds
from domain.payment.events import PaymentEvent
from domain.payment.state import Payment


def evolve(payment: Payment | None, event: PaymentEvent) -> Payment:
    """The payment after the event; never rejects a stored fact."""
    if event.capability == "start":
        return attempts.first_state(event)
    assert payment is not None, "a payment begins with PaymentRequested"
    # Text, because a class pattern that does not match costs a tenth of a microsecond.
    match event.capability:
        case "attempts":
            return attempts.evolve(payment, event)
        case "captures":
            return captures.evolve(payment, event)
        case "refunds":
            return refunds.evolve(payment, event)
        case "disputes":
            return disputes.evolve(payment, event)
        case "external_refunds":
            return external_refunds.evolve(payment, event)
        case "credit_parts":
            return credit_parts.evolve(payment, event)
        case _:
            assert_never(event.capability)
