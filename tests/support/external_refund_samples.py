"""The entries that samples of events of external refunds carry: rule, debit and credit."""

from domain.ledger import accounts

RULES = {
    "payment.external_refund_recorded": (
        "external_refund_recorded",
        accounts.EXTERNAL_REFUNDS,
        accounts.STRIPE_CLEARING,
    ),
    "payment.external_refund_allocated": (
        "external_refund_allocated",
        accounts.REFUNDS_PAYABLE,
        accounts.EXTERNAL_REFUNDS,
    ),
    "payment.external_refund_failed": (
        "external_refund_failed",
        accounts.STRIPE_CLEARING,
        accounts.EXTERNAL_REFUNDS,
    ),
}
