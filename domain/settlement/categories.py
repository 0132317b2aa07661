"""Which entry belongs to a balance transaction, by its reporting category, and who posts it.

This table is the one place that says so. Stripe recommends to reconcile by the reporting category,
not by the type (https://docs.stripe.com/reports/reporting-categories).

| category | its amount | its fee | its exchange |
|---|---|---|---|
| charge | the capture (1010 to 2020) | transaction (6000) | transaction (1015) |
| refund, refund_failure | the refund (2100 and 1010) | transaction | transaction |
| dispute, dispute_reversal | the dispute (1200 and 1010) | the dispute (6020) | transaction |
| payout, payout_reversal | the payout (1020 and 1010) | transaction | none |
| fee, network_cost | transaction (6000) | | none |
| any other | nobody: worklist | nobody | none |
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

PostedBy = Literal["payment", "dispute", "payout", "transaction"]

CHARGE = "charge"
REFUND = "refund"
REFUND_FAILURE = "refund_failure"
DISPUTE = "dispute"
DISPUTE_REVERSAL = "dispute_reversal"
# Stripe has no transaction of its own for it: the fee of a dispute, which the dispute books.
DISPUTE_FEE = "dispute_fee"


class Treatment(msgspec.Struct, frozen=True):
    """Who posts the amount and the fee of a category; an exchange is the transaction's own."""

    amount_by: PostedBy
    fee_by: PostedBy = "transaction"

    @property
    def may_exchange(self) -> bool:
        """Return whether the amount was booked in the currency of its source before."""
        return self.amount_by in {"payment", "dispute"}


TREATMENTS: Mapping[str, Treatment] = {
    CHARGE: Treatment("payment"),
    REFUND: Treatment("payment"),
    REFUND_FAILURE: Treatment("payment"),
    DISPUTE: Treatment("dispute", fee_by="dispute"),
    DISPUTE_REVERSAL: Treatment("dispute", fee_by="dispute"),
    "payout": Treatment("payout"),
    "payout_reversal": Treatment("payout"),
    "fee": Treatment("transaction"),
    "network_cost": Treatment("transaction"),
}
