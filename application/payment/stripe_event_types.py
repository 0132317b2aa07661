"""Types of Stripe events that the application knows, by the object that each is about.

Source: https://docs.stripe.com/api/events/types. The simulator stands alone and writes its own.
"""

SESSION = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.expired",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
    }
)
INTENT = frozenset({"payment_intent.succeeded", "payment_intent.payment_failed"})
REFUND = frozenset({"refund.created", "refund.updated", "refund.failed"})
PROCESSED = SESSION | INTENT | REFUND

# A canceled intent took no money: its events are stored and not processed.
SUPPORTED = PROCESSED | {"payment_intent.canceled"}
