"""Disputes at Stripe as the use cases see them: what a payer's bank asks, and the evidence for it.

Sources: https://docs.stripe.com/api/disputes, https://docs.stripe.com/disputes/responding,
https://docs.stripe.com/api/radar/early_fraud_warnings.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec

from domain.kernel import money

ProviderStatus = Literal[
    "warning_needs_response",
    "warning_under_review",
    "warning_closed",
    "needs_response",
    "under_review",
    "appeal_needs_response",
    "appeal_under_review",
    "won",
    "lost",
    "prevented",
]


class DisputeTransaction(msgspec.Struct, frozen=True):
    """A balance transaction of a dispute, in the settlement currency.

    `amount` is negative where Stripe took the money; `fee` is positive where Stripe charged one,
    and negative where it returned one.
    """

    id: str
    amount: money.Money
    fee: money.Money


class ProviderDispute(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute as it is now; `reason` is Stripe's word, `amount` is in the charge's currency.

    `evidence_due_at` is None where the bank takes no evidence.
    """

    id: str
    status: ProviderStatus
    amount: money.Money
    reason: str
    charge: str
    payment_intent: str | None
    evidence_due_at: dt.datetime | None
    submission_count: int
    transactions: tuple[DisputeTransaction, ...] = ()


class FraudWarning(msgspec.Struct, frozen=True, kw_only=True):
    """An early fraud warning: the payer's bank suspects that the card was stolen."""

    id: str
    charge: str
    payment_intent: str | None
    fraud_type: str


class DisputeGateway(Protocol):
    """The calls to Stripe about disputes. Every method raises only GatewayFailure."""

    async def dispute(self, dispute_id: str) -> ProviderDispute:
        """The dispute as it is now; an unknown id is GatewayRejected("resource_missing")."""
        ...

    async def find_disputes(self, payment_intent: str) -> list[ProviderDispute]:
        """The disputes of an intent's charges, newest first; at most a hundred."""
        ...

    async def fraud_warning(self, warning_id: str) -> FraudWarning:
        """The warning; an unknown id is GatewayRejected("resource_missing")."""
        ...

    async def intent_of_charge(self, charge_id: str) -> str | None:
        """The payment intent of a charge; None for a charge that was made without one."""
        ...

    async def submit_evidence(
        self, dispute_id: str, evidence: Mapping[str, str], *, key: str
    ) -> ProviderDispute:
        """Pass the evidence on to the bank, by Stripe's names of its texts; the dispute after it.

        Evidence cannot be changed once it was submitted.
        """
        ...
