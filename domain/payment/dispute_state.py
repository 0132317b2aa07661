"""The state of disputes: what the payer's bank has asked, and where the money is.

Words and objects: https://docs.stripe.com/api/disputes, https://docs.stripe.com/disputes.
"""

import datetime as dt
from enum import StrEnum

import msgspec

from domain.kernel import money


class DisputeStage(StrEnum):
    """How far a dispute is. An inquiry takes no money and may become a dispute."""

    INQUIRY = "inquiry"
    OPEN = "open"
    WON = "won"
    LOST = "lost"
    CLOSED = "closed"


# The airline can still answer, or the bank has not decided.
UNDECIDED = frozenset({DisputeStage.INQUIRY, DisputeStage.OPEN})


class Dispute(msgspec.Struct, frozen=True):
    """One dispute of a charge; amounts of money are in the charge's currency.

    `receivable` is what the bank holds and may return, `lost` what has gone for good, in minor
    units. `transactions` are Stripe's balance transactions that are posted, each once.
    `evidence_due_at` is None where no evidence can be submitted.
    """

    id: str
    intent: str
    charge: str
    amount: money.Money
    reason: str
    stage: DisputeStage
    evidence_due_at: dt.datetime | None = None
    submission_count: int = 0
    transactions: frozenset[str] = frozenset()
    receivable: int = 0
    lost: int = 0

    @property
    def is_undecided(self) -> bool:
        """Whether it is an inquiry or an open dispute."""
        return self.stage in UNDECIDED
