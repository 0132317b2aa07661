"""Types of Stripe events that the application knows, by the object that each is about.

Source: https://docs.stripe.com/api/events/types. The simulator is independent and has its own list.
"""

EXPIRED = "checkout.session.expired"
CAPTURED = "payment_intent.succeeded"
DECLINED = "payment_intent.payment_failed"
# The session was paid: the intent's own event has the capture.
PAID = frozenset({"checkout.session.completed", "checkout.session.async_payment_succeeded"})

SESSION = PAID | {EXPIRED, "checkout.session.async_payment_failed"}
INTENT = frozenset({CAPTURED, DECLINED})
REFUND = frozenset({"refund.created", "refund.updated", "refund.failed"})
PROCESSED = SESSION | INTENT | REFUND

# A canceled intent took no money: its events are stored and not processed.
SUPPORTED = PROCESSED | {"payment_intent.canceled"}
