"""Types of Stripe events that the application knows, by the object that each is about.

Source: https://docs.stripe.com/api/events/types. The simulator is independent and has its own list.
A type is processed, or ignored for a stated reason; any other is stored as unsupported.
"""

from collections.abc import Mapping

EXPIRED = "checkout.session.expired"
CAPTURED = "payment_intent.succeeded"
DECLINED = "payment_intent.payment_failed"
REFUND_UPDATED = "refund.updated"
PAYOUT_UPDATED = "payout.updated"
DISPUTE_UPDATED = "charge.dispute.updated"
# The session was paid: the intent's own event has the capture.
PAID = frozenset({"checkout.session.completed", "checkout.session.async_payment_succeeded"})

SESSION = PAID | {EXPIRED, "checkout.session.async_payment_failed"}
INTENT = frozenset({CAPTURED, DECLINED})
REFUND = frozenset({"refund.created", REFUND_UPDATED, "refund.failed"})
# It may be by a refund that was made at the dashboard: all refunds of the charge are read.
REFUNDED_CHARGE = frozenset({"charge.refunded"})
PAYOUT = frozenset(
    {
        "payout.created",
        PAYOUT_UPDATED,
        "payout.paid",
        "payout.failed",
        "payout.canceled",
        "payout.reconciliation_completed",
    }
)
# A charge's balance transaction is there now: the list of transactions has it.
TRANSACTION = frozenset({"charge.updated"})
DISPUTE = frozenset(
    {
        "charge.dispute.created",
        DISPUTE_UPDATED,
        "charge.dispute.closed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
    }
)
FRAUD_WARNING = frozenset({"radar.early_fraud_warning.created"})

# What each type of event makes us do, and the types that do so.
HANDLED: Mapping[str, frozenset[str]] = {
    "The checkout session is read, unless the event states its outcome.": SESSION,
    "The payment intent is read, unless the event states its outcome.": INTENT,
    "The refund is read, unless the event states its outcome.": REFUND,
    "All refunds of the charge are read.": REFUNDED_CHARGE,
    "The payout is read, and its transactions once it is reconciled.": PAYOUT,
    "The list of balance transactions is read.": TRANSACTION,
    "The dispute is read.": DISPUTE,
    "The early fraud warning is read.": FRAUD_WARNING,
}
PROCESSED = frozenset().union(*HANDLED.values())

_CHARGE = "The intent of the charge has events of its own, which have the same outcome."
_REFUNDED = "Each refund has events of its own; the charge only has the sum of its refunds."
_NO_MONEY = "No money has moved: a capture, a decline and the end of the session have own events."
_BALANCE = "The balance is the sum of its transactions, which are read from Stripe's list."
# Types that the account may well send and that need no action, each with the reason.
IGNORED: Mapping[str, str] = {
    "balance.available": _BALANCE,
    "charge.captured": _CHARGE,
    "charge.expired": _NO_MONEY,
    "charge.failed": _CHARGE,
    "charge.pending": _CHARGE,
    "charge.refund.updated": _REFUNDED,
    "charge.succeeded": _CHARGE,
    "payment_intent.amount_capturable_updated": _NO_MONEY,
    "payment_intent.canceled": _NO_MONEY,
    "payment_intent.created": _NO_MONEY,
    "payment_intent.partially_funded": _NO_MONEY,
    "payment_intent.processing": "That a bank decides is read from the completed session.",
    "payment_intent.requires_action": _NO_MONEY,
    "radar.early_fraud_warning.updated": "Only the first warning counts; its charge is the same.",
    "review.closed": "What Stripe's reviewers decide about money has events of its own.",
    "review.opened": "What Stripe's reviewers decide about money has events of its own.",
}
SUPPORTED = PROCESSED | IGNORED.keys()

# Why an event is ignored: its type, or a rendering that cannot be used (another may be).
NOTHING_FOLLOWS = "nothing_follows"
UNSUPPORTED = "unsupported"
