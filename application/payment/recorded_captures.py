"""Finds where the money of an intent at Stripe is recorded."""

from application.commands import stream_kinds
from application.commands.bus import CommandBus
from application.payment import gateway, record_unmatched
from domain.kernel import ids


async def has_captured(bus: CommandBus, stream: str, intent: str) -> bool:
    """Return whether the intent's money is recorded on the payment, as the log has it now."""
    payment = (await bus.current(stream_kinds.PAYMENT, stream))[0]
    return payment is not None and payment.capture(intent) is not None


async def capturing_payment(bus: CommandBus, intent: gateway.PaymentIntent) -> str | None:
    """Return the payment on which the intent's money is recorded, matched or not; else None."""
    names = [record_unmatched.stream_of(intent.id)]
    if intent.payment is not None and is_ours(intent):
        names.insert(0, intent.payment)
    for name in names:
        if await has_captured(bus, name, intent.id):
            return name
    return None


def is_ours(found: gateway.PaymentIntent | gateway.CheckoutSession) -> bool:
    """Return whether its metadata has the form of our ids; others fill theirs in as they like."""
    if found.booking is None or found.payment is None:
        return False
    return ids.is_payment_of(found.payment, found.booking)
